"""TraceQL on spans in memory, by definition and without regard to cost: what the store is held against."""

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from collector.query.traceql.language import names, syntax
from collector.query.traceql.language.syntax import Scope, Type
from tests.collector.query.world import NOW_US, Span

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": math.fmod,
}


def matching(query: syntax.Query, spans: Sequence[Span]) -> dict[str, list[set[str]]]:
    """The spansets of each trace that matches, as sets of span ids."""
    traces: dict[str, list[Span]] = {}
    for span in spans:
        traces.setdefault(span.trace, []).append(span)
    found = {}
    for trace_id, members in traces.items():
        sets = _run(query, members, [members])
        if sets:
            found[trace_id] = [{span.span for span in each} for each in sets]
    return found


def first(field: syntax.Field, span: Span, trace: list[Span]) -> str | None:
    """The text of a field, of the first event or link that has one; "" is none but for an attribute."""
    values = _values(field, span, trace)
    if isinstance(field, syntax.Intrinsic):
        values = [value for value in values if value]
    return values[0] if values else None


def numbers(field: syntax.Field, span: Span, trace: list[Span]) -> list[float]:
    """The numbers of a field."""
    return _numbers(field, span, trace)


def _run(query: syntax.Query, trace: list[Span], sets: list[list[Span]]) -> list[list[Span]]:
    for stage in query.stages:
        if isinstance(stage, syntax.ScalarFilter):
            sets = [each for each in sets if _holds(stage, each, trace)]
        elif isinstance(stage, syntax.By):
            sets = [group for each in sets for group in _groups(stage.group, each, trace)]
        elif isinstance(stage, syntax.Coalesce):
            sets = [[span for span in trace if any(span in each for each in sets)]]
        elif isinstance(stage, syntax.Filter | syntax.Combined | syntax.Query):
            sets = [_spanset(stage, each, trace) for each in sets]
        sets = [each for each in sets if each]
    return sets


def _groups(group: syntax.Expression, spans: list[Span], trace: list[Span]) -> list[list[Span]]:
    groups: dict[Any, list[Span]] = {}
    for span in spans:
        if _kind(group) == "boolean":
            value: Any = _true(group, span, trace)
        else:
            values = _values(group, span, trace)
            value = values[0] if values else None
        groups.setdefault(value, []).append(span)
    return list(groups.values())


def _holds(stage: syntax.ScalarFilter, spans: list[Span], trace: list[Span]) -> bool:
    left, right = (_scalar(side, spans, trace) for side in (stage.left, stage.right))
    return left is not None and right is not None and _COMPARE[stage.op](left, right)


def _scalar(scalar: syntax.Scalar, spans: list[Span], trace: list[Span]) -> float | None:
    if isinstance(scalar, syntax.Literal):
        assert isinstance(scalar.value, int | float)
        return scalar.value
    if isinstance(scalar, syntax.ScalarOperation):
        left, right = _scalar(scalar.left, spans, trace), _scalar(scalar.right, spans, trace)
        if left is None or right is None:
            return None
        result = _arithmetic(scalar.op, float(left), float(right))
        return result if math.isfinite(result) else None
    if scalar.operand is None:
        return len(spans)
    numbers = [n for span in spans for n in _numbers(scalar.operand, span, trace)[:1]]
    if not numbers:
        return None
    mean = sum(numbers) / len(numbers)
    return {"sum": sum(numbers), "avg": mean, "min": min(numbers), "max": max(numbers)}[scalar.function]


def _spanset(spanset: syntax.Spanset, among: list[Span], trace: list[Span]) -> list[Span]:
    if isinstance(spanset, syntax.Query):
        sets = _run(spanset, trace, [among])
        return [span for span in among if any(span in each for each in sets)]
    if isinstance(spanset, syntax.Filter):
        return [span for span in among if spanset.condition is None or _true(spanset.condition, span, trace)]
    left, right = _spanset(spanset.left, among, trace), _spanset(spanset.right, among, trace)
    op = spanset.op
    if op == "||" or (op == "&&" and left and right):
        return [span for span in among if span in left or span in right]
    if op == "&&":
        return []
    relation = op.lstrip("!&")
    kept = [b for b in right if any(_related(relation, a, b, trace) for a in left)]
    if op.startswith("!"):
        return [b for b in right if b not in kept]
    if op.startswith("&"):
        others = [a for a in left if any(_related(relation, a, b, trace) for b in right)]
        return [span for span in among if span in kept or span in others]
    return kept


def _related(relation: str, a: Span, b: Span, trace: list[Span]) -> bool:
    """Whether ``b`` stands in the relation to ``a``: its child, descendant, parent, ancestor, sibling."""
    if relation == ">":
        return _parent(b) == a.span
    if relation == "<":
        return _parent(a) == b.span
    if relation == "~":
        return a is not b and _parent(a) == _parent(b) != ""
    above, below = (a, b) if relation == ">>" else (b, a)
    over = {_parent(below)} - {""}
    for _ in trace:
        over |= {_parent(each) for each in trace if each.span in over} - {""}
    return above.span in over


def _parent(span: Span) -> str:
    return span.parent if span.parent != span.span else ""


def _true(expression: syntax.Expression, span: Span, trace: list[Span]) -> bool:
    if isinstance(expression, syntax.Literal):
        return expression.value is True
    if isinstance(expression, syntax.Attribute):
        return "true" in _values(expression, span, trace)
    if isinstance(expression, syntax.Unary):
        return not _true(expression.operand, span, trace)
    assert isinstance(expression, syntax.Binary)
    left, right, op = expression.left, expression.right, expression.op
    if op == "&&":
        return _true(left, span, trace) and _true(right, span, trace)
    if op == "||":
        return _true(left, span, trace) or _true(right, span, trace)
    for one, other in ((left, right), (right, left)):
        if isinstance(other, syntax.Literal) and other.type is Type.NIL:
            if isinstance(one, syntax.Intrinsic):
                there = any(_values(one, span, trace))
            elif isinstance(one, syntax.Attribute):
                there = bool(_values(one, span, trace))
            else:
                there = bool(_numbers(one, span, trace))
            return there == (op == "!=")
    return _compared(op, left, right, span, trace)


def _compared(
    op: str, left: syntax.Expression, right: syntax.Expression, span: Span, trace: list[Span]
) -> bool:
    if op in ("=~", "!~"):
        assert isinstance(right, syntax.Literal)
        pattern = re.compile(str(right.value), re.DOTALL)
        return any(bool(pattern.fullmatch(text)) == (op == "=~") for text in _values(left, span, trace))
    kinds = {_kind(left), _kind(right)}
    status = any(isinstance(side, syntax.Literal) and side.type is Type.STATUS for side in (left, right))
    if (status and "attribute" in kinds) or {"number", "text"} <= kinds:
        return False
    if "boolean" in kinds:
        flags = [_booleans(side, span, trace) for side in (left, right)]
        return any(_COMPARE[op](a, b) for a in flags[0] for b in flags[1])
    plain = isinstance(left, syntax.Attribute) and isinstance(right, syntax.Attribute)
    if "text" in kinds or (plain and op in ("=", "!=")):
        read: Callable[[syntax.Expression, Span, list[Span]], list[Any]] = _texts
    else:
        read = _numbers
    ones, twos = read(left, span, trace), read(right, span, trace)
    return any(_COMPARE[op](a, b) for a in ones for b in twos)


def _texts(expression: syntax.Expression, span: Span, trace: list[Span]) -> list[bytes]:
    return [text.encode() for text in _values(expression, span, trace)]


def _kind(expression: syntax.Expression) -> str:
    if isinstance(expression, syntax.Literal):
        kinds = {Type.NUMBER: "number", Type.DURATION: "number", Type.BOOLEAN: "boolean"}
        return kinds.get(expression.type, "text")
    if isinstance(expression, syntax.Intrinsic):
        numeric = names.INTRINSICS[expression.name] in (Type.DURATION, Type.NUMBER)
        return "number" if numeric else "text"
    if isinstance(expression, syntax.Attribute):
        return "attribute"
    if isinstance(expression, syntax.Unary):
        return "number" if expression.op == "-" else "boolean"
    return "number" if expression.op in "+-*/%^" else "boolean"


def _booleans(expression: syntax.Expression, span: Span, trace: list[Span]) -> list[bool]:
    if isinstance(expression, syntax.Attribute):
        return [text == "true" for text in _values(expression, span, trace) if text in ("true", "false")]
    return [_true(expression, span, trace)]


def _numbers(expression: syntax.Expression, span: Span, trace: list[Span]) -> list[float]:
    """The numbers an expression can be: none, one, or one for each event or link."""
    if isinstance(expression, syntax.Literal):
        assert isinstance(expression.value, int | float)
        return [expression.value]
    if isinstance(expression, syntax.Unary):
        return [-each for each in _numbers(expression.operand, span, trace)]
    if isinstance(expression, syntax.Binary):
        ones, twos = _numbers(expression.left, span, trace), _numbers(expression.right, span, trace)
        results = [_arithmetic(expression.op, float(a), float(b)) for a in ones for b in twos]
        return [each for each in results if math.isfinite(each)]
    texts = _values(expression, span, trace)
    return [_exact(text) for text in texts if _NUMBER.fullmatch(text) and math.isfinite(float(text))]


def _exact(text: str) -> float:
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)


def _arithmetic(op: str, a: float, b: float) -> float:
    try:
        return float(_ARITHMETIC[op](a, b))
    except (ZeroDivisionError, OverflowError, ValueError):
        return math.nan


def _values(expression: syntax.Expression, span: Span, trace: list[Span]) -> list[str]:
    """The texts a field has in a span: none, one, or one for each event or link."""
    if isinstance(expression, syntax.Literal):
        value = str(expression.value)
        return [value.capitalize() if expression.type in (Type.STATUS, Type.KIND) else value]
    if isinstance(expression, syntax.Intrinsic):
        return _intrinsic(expression.name, span, trace)
    assert isinstance(expression, syntax.Attribute)
    if expression.parent:
        over = [each for each in trace if each.span == _parent(span)]
        return [value for each in over for value in _values(replace(expression, parent=False), each, trace)]
    places: dict[Scope, list[Mapping[str, str]]] = {
        Scope.SPAN: [span.attributes],
        # An empty name of a service is none.
        Scope.RESOURCE: [{**({"service.name": span.service} if span.service else {}), **span.resource}],
        Scope.EVENT: [said for _, _, said in span.events],
        Scope.LINK: [said for _, _, said in span.links],
    }
    places[Scope.ANY] = [{**places[Scope.RESOURCE][0], **span.attributes}]
    return [said[expression.key] for said in places[expression.scope] if expression.key in said]


def _intrinsic(name: str, span: Span, trace: list[Span]) -> list[str]:
    start = _start(span)
    if name in names.STRUCTURAL:
        return [str(_place(name, span, trace))]
    if name.startswith("event:"):
        return [each if name == "event:name" else str(time - start) for time, each, _ in span.events]
    if name.startswith("link:"):
        return [trace_id if name == "link:traceID" else span_id for trace_id, span_id, _ in span.links]
    roots = [each for each in trace if not each.parent]
    ended = max(_start(each) + round(each.took * 1e6) for each in trace)
    return [
        {
            "span:name": span.name,
            "span:duration": str(round(span.took * 1e6)),
            "span:status": span.status,
            "span:statusMessage": span.message,
            "span:kind": span.kind,
            "span:id": span.span,
            "span:parentID": span.parent,
            "trace:id": span.trace,
            "trace:duration": str(ended - min(map(_start, trace))),
            "trace:rootName": max((each.name for each in roots), default=""),
            "trace:rootService": max((each.service for each in roots), default=""),
            "instrumentation:name": "shop",
            "instrumentation:version": "",
        }[name]
    ]


def _place(name: str, span: Span, trace: list[Span]) -> int:
    if name == "span:childCount":
        return sum(_parent(each) == span.span for each in trace)
    numbers: dict[str, list[int]] = {}
    count = 0

    def visit(each: Span, parent: int) -> None:
        nonlocal count
        count += 1
        numbers[each.span] = [count, 0, parent]
        for child in _children(each, trace):
            visit(child, numbers[each.span][0])
        count += 1
        numbers[each.span][1] = count

    for root in _in_order(each for each in trace if not each.parent):
        visit(root, -1)
    found = numbers.get(span.span, [0, 0, 0])
    return found[("nestedSetLeft", "nestedSetRight", "nestedSetParent").index(name)]


def _children(span: Span, trace: list[Span]) -> list[Span]:
    return _in_order(each for each in trace if _parent(each) == span.span)


def _in_order(spans: Iterable[Span]) -> list[Span]:
    return sorted(spans, key=lambda each: (_start(each), each.span))


def _start(span: Span) -> int:
    return NOW_US * 1000 - round(span.at * 1e9)
