"""Evidence about endpoints: measurements by reporter, their delay, and endpoints beside peers."""
