"""Log records of a trace, or of a service and a time: ``records`` is SQL and replies, ``routes`` serves."""
