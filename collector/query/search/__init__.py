"""Search of stored traces: ``routes`` serves it.

``request`` parses a query string, ``span_conditions`` and ``page_sql`` are its SQL (pure), ``pages``
runs it, ``cursor`` is the beginning of the next page; ``spans_by_id`` and ``traces`` load whole traces
(``span_row`` is a span of them),
``summaries`` shows them in one line, ``services`` and ``suggest`` complete what a user types.
"""
