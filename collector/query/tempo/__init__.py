"""Tempo's HTTP API: ``routes`` with ``params``; ``tags`` are names and values that complete a query."""
