"""What other collectors know, merged into what this one knows."""
