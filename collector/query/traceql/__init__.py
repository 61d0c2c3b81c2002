"""TraceQL, the query language for traces: a documented part of it, from text to SQL (docs/traceql.md).

``names``       words of the language; ``errors`` what is wrong with a query, and at which column
``tokens``      text to tokens; ``parser`` tokens to the tree of ``syntax``; ``printer`` back to text
``check``       types, and where a field may stand
``fields``      fields as columns; ``conditions`` conditions on one span as SQL with parameters
``compiled``    a query as two questions to the store; ``evaluate`` spansets from the answers

``parse(text)`` gives a Query or raises TraceQLError; ``compiled(query, window)`` gives SQL that
selects ids of traces. It finds every trace that matches and, unless the query asks for structure,
no other. Where it is not exact, and wherever the spans that matched are wanted, the second
question fetches the few facts of each span that ``evaluate`` decides by.
"""

from collector.query.traceql.compiled import Compiled, compiled, parse
from collector.query.traceql.errors import TraceQLError
from collector.query.traceql.parser import field
from collector.query.traceql.syntax import Query

__all__ = ["Compiled", "Query", "TraceQLError", "compiled", "field", "parse"]
