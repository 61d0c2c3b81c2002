"""TraceQL, the query language for traces, from text to SQL (docs/traceql.md).

``language``    text to a checked tree: tokens, parser, types, errors with their columns
``normalize``   the form that is run; ``reads`` what it needs of each span
``fields``      fields as columns; ``values`` · ``conditions`` expressions over one span as SQL
``having``      conditions on traces as SQL; ``compiled`` a query as two questions to the store
``evaluate``    spansets from the answers; ``structure`` by parents and children
``spansets``    runs queries for traces; ``metrics`` those for series

``parse(text)`` gives a Query for traces or raises TraceQLError; ``compiled(query, window)`` gives SQL that
selects ids of traces. It finds every trace that matches and, unless the query is about places in a trace,
no other. Where it is not exact, and wherever the spans that matched are wanted, the second
question fetches the few facts of each span that ``evaluate`` decides by.
"""

from collector.query.traceql.compiled import Compiled, compiled
from collector.query.traceql.language.check_stages import check_query, metric_of
from collector.query.traceql.language.errors import TraceQLError
from collector.query.traceql.language.parser import field, tree
from collector.query.traceql.language.syntax import Query

__all__ = ["Compiled", "Query", "TraceQLError", "compiled", "field", "parse", "parse_any"]


def parse(text: str) -> Query:
    """Return the query for traces that a text says, its types checked. Raises TraceQLError."""
    query = parse_any(text)
    if metric := metric_of(query):
        raise TraceQLError(
            "this makes series, not traces: ask /api/metrics/query_range, or leave the metric out", metric.at
        )
    return query


def parse_any(text: str) -> Query:
    """Return the query for traces or for series that a text says, its types checked. Raises TraceQLError."""
    query = tree(text)
    check_query(query)
    return query
