"""Search of stored traces.

``request`` parses a query string, ``span_conditions`` and ``page_sql`` are its SQL (pure), ``pages``
runs it, ``cursor`` names where the next page begins; ``spans_by_id`` and ``traces`` load whole traces,
``summaries`` shows them in one line, ``services`` and ``suggest`` complete what a user types.
"""
