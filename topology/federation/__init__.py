"""The merging of other collectors' members, calls and decisions into the engine."""
