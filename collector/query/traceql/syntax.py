"""A TraceQL query as a tree. Places are left out of comparisons: equal trees mean the same query."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from collector.query.traceql.errors import Position


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


@dataclass(frozen=True, slots=True)
class Literal:
    """A value; durations are nanoseconds, statuses and kinds are named in lower case."""

    type: Type
    value: str | int | float | bool | None
    at: Position = field(default=Position(), compare=False)


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute by its key, in a scope."""

    scope: Scope
    key: str
    at: Position = field(default=Position(), compare=False)


@dataclass(frozen=True, slots=True)
class Intrinsic:
    """A field every span or trace has, by its scoped name such as ``span:duration``."""

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
class Aggregate:
    """``| avg(duration) > 1s``; count has no operand."""

    function: str
    operand: Expression | None
    op: str
    value: Literal
    at: Position = field(default=Position(), compare=False)


@dataclass(frozen=True, slots=True)
class By:
    """``| by(field)``: one spanset for each value."""

    group: Field
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
class Query:
    """Stages from left to right; the first is a spanset. In brackets it is a spanset itself."""

    stages: tuple["Stage", ...]
    at: Position = field(default=Position(), compare=False)


Spanset = Filter | Combined | Query
Stage = Filter | Combined | Query | Aggregate | By | Coalesce | Select


def filters(stage: Stage) -> Iterator[Filter]:
    """The filters of a stage, from left to right."""
    if isinstance(stage, Filter):
        yield stage
    elif isinstance(stage, Combined):
        yield from filters(stage.left)
        yield from filters(stage.right)
    elif isinstance(stage, Query):
        for each in stage.stages:
            yield from filters(each)


def parts(expression: Expression | None) -> Iterator[Expression]:
    """An expression and everything in it."""
    if expression is None:
        return
    yield expression
    if isinstance(expression, Unary):
        yield from parts(expression.operand)
    elif isinstance(expression, Binary):
        yield from parts(expression.left)
        yield from parts(expression.right)
