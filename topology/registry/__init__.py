"""Which endpoints exist."""
