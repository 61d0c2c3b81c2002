"""Trees of queries and traces of spans, for tests that compare two ways to the same answer."""

from typing import Any

from hypothesis import strategies as st

from collector.query.traceql.language import names, syntax, walk
from collector.query.traceql.language.syntax import Attribute, Binary, Intrinsic, Literal, Scope, Type, Unary
from tests.collector.query.world import NOW_US, Span

KEYS = ("http.status_code", "flag", "a b", "service.name", "empty")
TEXTS = (
    "",
    "x",
    "500",
    "0500",
    "-1.5",
    "1e2",
    "true",
    "false",
    "nan",
    "inf",
    "9007199254740993",
    "it's",
    "GET /",
)
NAMES = ("GET /", "query", "x")
SERVICES = ("shop", "cart", "")
PATTERNS = ("", "x|5..", "GET.*", "[0-9]+", ".*", "a")
SPAN_IDS = tuple(f"{number:016x}" for number in range(1, 8))
TRACE_IDS = tuple(f"{number:032x}" for number in range(1, 4))

# No row of these tests has attributes of a scope: test_conditions.py asks for those.
attributes = st.builds(
    Attribute,
    st.sampled_from([scope for scope in Scope if scope is not Scope.INSTRUMENTATION]),
    st.sampled_from(KEYS),
)
of_span = st.builds(
    Attribute, st.sampled_from((Scope.ANY, Scope.SPAN, Scope.RESOURCE)), st.sampled_from(KEYS)
)
numbers = st.sampled_from((-1, 0, 1, 2, 100, 500, 9007199254740992, 9007199254740993, -1.5, 0.25, 100.0))
durations = st.sampled_from((0, 1, 1_000_000, 2_500_000, 20_000_000, 10**12))
order = st.sampled_from(names.ORDER + names.EQUALITY)
equality = st.sampled_from(names.EQUALITY)


def intrinsics(kind: Type) -> st.SearchStrategy[Intrinsic]:
    return st.sampled_from([Intrinsic(name) for name, given in names.INTRINSICS.items() if given is kind])


def literal(kind: Type, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Literal]:
    return st.builds(Literal, st.just(kind), values)


def _reads_a_span(expression: syntax.Expression) -> bool:
    """True if the expression has a field, and none that is a parent's."""
    found = [part for part in walk.parts(expression) if isinstance(part, Attribute | Intrinsic)]
    return bool(found) and not any(isinstance(part, Attribute) and part.parent for part in found)


def _compare(
    ops: st.SearchStrategy[str], left: st.SearchStrategy[Any], right: st.SearchStrategy[Any]
) -> st.SearchStrategy[Binary]:
    return st.builds(Binary, ops, left, right)


parents = st.builds(
    Attribute, st.sampled_from((Scope.ANY, Scope.SPAN, Scope.RESOURCE)), st.sampled_from(KEYS), st.just(True)
)
places = st.sampled_from([Intrinsic(name) for name in names.STRUCTURAL])
text_fields, time_fields = intrinsics(Type.STRING), intrinsics(Type.DURATION)
name, took = st.just(Intrinsic("span:name")), st.just(Intrinsic("span:duration"))
status, kind = st.just(Intrinsic("span:status")), st.just(Intrinsic("span:kind"))
optional = st.sampled_from(
    [
        Intrinsic(name)
        for name in ("span:parentID", "span:statusMessage", "trace:rootName", "event:name", "link:spanID")
    ]
)
text = literal(Type.STRING, st.sampled_from(TEXTS + NAMES + SPAN_IDS[:2] + TRACE_IDS[:1]))
pattern = literal(Type.STRING, st.sampled_from(PATTERNS))
number = literal(Type.NUMBER, numbers)
small = literal(Type.NUMBER, st.sampled_from((-1, 0, 2, 0.5)))
duration = literal(Type.DURATION, durations)
boolean = literal(Type.BOOLEAN, st.booleans())
nil = st.just(Literal(Type.NIL, None))
count = literal(Type.NUMBER, st.integers(-2, 4))
sums: st.SearchStrategy[Any] = st.recursive(
    st.one_of(of_span, small),
    lambda inner: st.builds(Binary, st.sampled_from("+-*/%"), inner, inner),
    max_leaves=3,
)
negative = st.builds(Unary, st.just("-"), of_span)
_constants = st.one_of(
    _compare(order, st.one_of(number, duration), st.one_of(number, duration)),
    _compare(order, text, text),
    _compare(st.sampled_from(names.REGEX), text, pattern),
    _compare(equality, boolean, boolean),
)
_places = st.one_of(
    _compare(order, places, count),
    _compare(order, count, places),
    _compare(order, places, of_span),
    _compare(order, st.builds(Binary, st.sampled_from("+-*"), places, small), st.one_of(count, places)),
    _compare(equality, places, nil),
)
comparisons = st.one_of(
    _constants,
    _places,
    _compare(order, parents, st.one_of(number, text)),
    _compare(equality, parents, st.one_of(nil, boolean)),
    _compare(order, st.one_of(time_fields, took), st.one_of(number, sums)),
    _compare(order, took, st.just(Intrinsic("trace:duration"))),
    _compare(equality, name, st.just(Intrinsic("trace:rootName"))),
    _compare(equality, boolean, attributes),
    _compare(equality, attributes, st.builds(Unary, st.just("!"), of_span)),
    _compare(equality, attributes, literal(Type.STATUS, st.sampled_from(names.STATUSES))),
    _compare(equality, nil, attributes),
    _compare(equality, sums, nil),
    _compare(equality, sums.filter(_reads_a_span), text),
    _compare(order, st.one_of(attributes, text_fields), text),
    _compare(order, text, attributes),
    _compare(st.sampled_from(names.REGEX), st.one_of(attributes, text_fields), pattern),
    _compare(order, attributes, st.one_of(number, duration)),
    _compare(order, number, attributes),
    _compare(order, st.one_of(time_fields, of_span), duration),
    _compare(order, of_span, of_span),
    _compare(order, sums, number),
    _compare(order, negative, st.one_of(number, duration, of_span)),
    _compare(order, took, st.builds(Binary, st.sampled_from("+-*/"), of_span, of_span)),
    _compare(order, st.one_of(name, took), of_span),
    _compare(equality, attributes, boolean),
    _compare(equality, status, literal(Type.STATUS, st.sampled_from(names.STATUSES))),
    _compare(equality, kind, literal(Type.KIND, st.sampled_from(names.KINDS))),
    _compare(equality, st.one_of(attributes, optional, text_fields, time_fields, status, kind), nil),
)


def _logic(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    negated = st.builds(Unary, st.just("!"), inner)
    logic = st.builds(Binary, st.sampled_from(names.LOGIC), inner, inner)
    return st.one_of(logic, negated, _compare(equality, negated, negated))


conditions: st.SearchStrategy[Any] = st.recursive(
    st.one_of(comparisons, attributes, boolean), _logic, max_leaves=4
)
filters = st.builds(syntax.Filter, st.one_of(st.none(), conditions))
counted = st.builds(syntax.Aggregation, st.just("count"), st.none())
aggregated = st.builds(
    syntax.Aggregation,
    st.sampled_from(names.AGGREGATES[1:]),
    st.one_of(took, of_span, of_span, places, st.builds(Binary, st.sampled_from("+*"), took, small)),
)
scalars: st.SearchStrategy[Any] = st.recursive(
    st.one_of(counted, aggregated, small, duration),
    lambda inner: st.builds(syntax.ScalarOperation, st.sampled_from("+-*/"), inner, inner),
    max_leaves=2,
)
aggregates = st.builds(syntax.ScalarFilter, order, scalars, scalars)
group_fields = st.one_of(of_span, attributes, name, status, places, st.just(Intrinsic("trace:rootName")))
by = st.builds(
    syntax.By,
    st.one_of(group_fields, comparisons.filter(_reads_a_span), st.builds(Unary, st.just("!"), of_span)),
)
selects = st.builds(syntax.Select, st.lists(group_fields, min_size=1, max_size=2).map(tuple))


def _combined(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    nested = st.builds(lambda first, then: syntax.Query((first, then)), inner, aggregates)
    ops = st.sampled_from(names.LOGIC + names.STRUCTURE)
    return st.one_of(st.builds(syntax.Combined, ops, inner, inner), nested)


spansets: st.SearchStrategy[Any] = st.recursive(filters, _combined, max_leaves=3)
stages = st.one_of(aggregates, filters, by, selects, st.just(syntax.Coalesce()))
_hints = st.lists(st.tuples(st.sampled_from(("most_recent", "sample")), boolean), max_size=1).map(tuple)
queries = st.builds(
    lambda first, rest, hints: syntax.Query((first, *rest), hints),
    st.one_of(spansets, spansets, spansets, aggregates, by, selects),
    st.lists(stages, max_size=3),
    _hints,
)
said = st.dictionaries(
    st.sampled_from([key for key in KEYS if key != "service.name"]), st.sampled_from(TEXTS), max_size=3
)
_own_service = st.dictionaries(st.just("service.name"), st.just("x"))
_times = st.sampled_from((NOW_US * 1000 - 10**10, NOW_US * 1000))
_events = st.lists(st.tuples(_times, st.sampled_from(("", "log", "x")), said), max_size=2)
_links = st.lists(st.tuples(st.sampled_from(TRACE_IDS), st.sampled_from(SPAN_IDS), said), max_size=2)


def _span(trace: str, span: str) -> st.SearchStrategy[Span]:
    return st.builds(
        Span,
        st.just(trace),
        st.just(span),
        parent=st.sampled_from(("", "", *SPAN_IDS)),
        service=st.sampled_from(SERVICES),
        name=st.sampled_from(NAMES),
        kind=st.sampled_from([each.capitalize() for each in names.KINDS]),
        at=st.sampled_from((10.0, 10.5, 20.0)),
        took=st.sampled_from((0.0, 1.0, 2.5, 20.0)),
        status=st.sampled_from([each.capitalize() for each in names.STATUSES]),
        message=st.sampled_from(("", "x")),
        attributes=st.builds(lambda one, two: {**one, **two}, said, _own_service),
        resource=said,
        events=_events,
        links=_links,
    )


@st.composite
def traces(draw: st.DrawFn) -> list[Span]:
    """Up to three traces; parents may be missing, turn in circles, or be the span itself."""
    ids = [
        (trace, span)
        for trace in TRACE_IDS[: draw(st.integers(1, 3))]
        for span in SPAN_IDS[: draw(st.integers(1, 6))]
    ]
    return [draw(_span(trace, span)) for trace, span in ids]
