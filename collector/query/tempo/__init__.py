"""Tempo's HTTP API: search in TraceQL, tags to complete a query, traces by id."""
