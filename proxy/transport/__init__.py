"""Sockets of the sidecar once they are open: socket options, and writes of one loop turn sent together."""
