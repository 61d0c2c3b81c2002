"""A TraceQL query as a tree. Places are left out of comparisons: equal trees mean the same query."""

from dataclasses import dataclass, field
from enum import StrEnum

from collector.query.traceql.language.errors import Position


class Type(StrEnum):
    """The type of a value. An ATTRIBUTE is anything until a span is read; what is COMPUTED from one is
    a number or a duration."""

    STRING = "a string"
    NUMBER = "a number"
    DURATION = "a duration"
    BOOLEAN = "true or false"
    STATUS = "a status"
    KIND = "a span kind"
    NIL = "nil"
    ATTRIBUTE = "an attribute"
    COMPUTED = "a computed number"


class Scope(StrEnum):
    """The record an attribute belongs to; ANY is the span and then its resource."""

    ANY = ""
    SPAN = "span"
    RESOURCE = "resource"
    EVENT = "event"
    LINK = "link"
    INSTRUMENTATION = "instrumentation"


@dataclass(frozen=True, slots=True)
class Literal:
    """A value; durations are nanoseconds, statuses and kinds are named in lower case."""

    type: Type
    value: str | int | float | bool | None
    at: Position = field(default=Position(), compare=False)


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute by its key, in a scope; of the span's ``parent`` where that is set."""

    scope: Scope
    key: str
    parent: bool = False
    at: Position = field(default=Position(), compare=False)


@dataclass(frozen=True, slots=True)
class Intrinsic:
    """A field that every span or trace has, by its scoped name such as ``span:duration``."""

    name: str
    at: Position = field(default=Position(), compare=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """``!`` or ``-``."""

    op: str
    operand: "Expression"
    at: Position = field(default=Position(), compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """Logic, comparison or arithmetic of one span's values; ``at`` is the operator."""

    op: str
    left: "Expression"
    right: "Expression"
    at: Position = field(default=Position(), compare=False)


Field = Attribute | Intrinsic
Expression = Literal | Attribute | Intrinsic | Unary | Binary


@dataclass(frozen=True, slots=True)
class Filter:
    """``{ condition }``; None takes every span."""

    condition: Expression | None
    at: Position = field(default=Position(), compare=False)


@dataclass(frozen=True, slots=True)
class Combined:
    """Two spansets of one trace brought together by logic or by structure."""

    op: str
    left: "Spanset"
    right: "Spanset"
    at: Position = field(default=Position(), compare=False)


@dataclass(frozen=True, slots=True)
class Aggregation:
    """``avg(duration)``: one number of a spanset; count has no operand."""

    function: str
    operand: Expression | None
    at: Position = field(default=Position(), compare=False)


@dataclass(frozen=True, slots=True)
class ScalarOperation:
    """Arithmetic of aggregations and values; ``at`` is the operator."""

    op: str
    left: "Scalar"
    right: "Scalar"
    at: Position = field(default=Position(), compare=False)


Scalar = Literal | Aggregation | ScalarOperation


@dataclass(frozen=True, slots=True)
class ScalarFilter:
    """``| avg(duration) > 1s``: keeps the spansets that fulfil it; ``at`` is the operator."""

    op: str
    left: Scalar
    right: Scalar
    at: Position = field(default=Position(), compare=False)


@dataclass(frozen=True, slots=True)
class By:
    """``| by(expression)``: one spanset for each value."""

    group: Expression
    at: Position = field(default=Position(), compare=False)


@dataclass(frozen=True, slots=True)
class Coalesce:
    """``| coalesce()``: the groups made one spanset again."""

    at: Position = field(default=Position(), compare=False)


@dataclass(frozen=True, slots=True)
class Select:
    """``| select(field, …)``: further fields that are read of each span."""

    fields: tuple[Field, ...]
    at: Position = field(default=Position(), compare=False)


@dataclass(frozen=True, slots=True)
class SpanMetric:
    """``| rate() by(field, …)``: series over time, of spans or of the values of ``measured``."""

    function: str
    measured: Field | None = None
    quantiles: tuple[float, ...] = ()
    by: tuple[Field, ...] = ()
    at: Position = field(default=Position(), compare=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """``| compare({ selection }, top, start, end)``: the attributes of the selected spans beside the others'.

    ``start`` and ``end`` bound the selection, in nanoseconds since the epoch; both 0 do not.
    """

    selection: "Filter"
    top: int = 10
    start: int = 0
    end: int = 0
    at: Position = field(default=Position(), compare=False)


@dataclass(frozen=True, slots=True)
class SeriesOperation:
    """``({ … } | rate()) / ({ … } | rate())``: series with equal labels computed with each other."""

    op: str
    left: "Query"
    right: "Query"
    at: Position = field(default=Position(), compare=False)


@dataclass(frozen=True, slots=True)
class Rank:
    """``| topk(n)`` or ``| bottomk(n)``: the greatest or smallest values of each moment."""

    function: str
    limit: int
    at: Position = field(default=Position(), compare=False)


@dataclass(frozen=True, slots=True)
class SeriesFilter:
    """``> 5`` behind a metric: the values that fulfil it."""

    op: str
    value: Literal
    at: Position = field(default=Position(), compare=False)


@dataclass(frozen=True, slots=True)
class Query:
    """Stages from left to right, in brackets a spanset itself. ``hints`` are those of ``with (…)``."""

    stages: tuple["Stage", ...]
    hints: tuple[tuple[str, Literal], ...] = ()
    at: Position = field(default=Position(), compare=False)


Spanset = Filter | Combined | Query
Metric = SpanMetric | Compare | SeriesOperation
SeriesStage = Rank | SeriesFilter
Stage = Filter | Combined | Query | ScalarFilter | By | Coalesce | Select | Metric | SeriesStage
