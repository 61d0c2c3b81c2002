"""Sockets of the sidecar: listening, socket options, and writes of one loop turn sent together."""
