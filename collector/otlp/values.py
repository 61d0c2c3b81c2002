"""Attributes as the store keeps them, limits of one item, and the checks of ids and times.

An item is a span, a metric point or a log record.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from collector.otlp.stored_values import text

_TRACE: Final = 16
_SPAN: Final = 8
NO_TRACE: Final = bytes(_TRACE)
NO_SPAN: Final = bytes(_SPAN)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one item. Times are nanoseconds since the epoch.

    The tables' TTL would delete an item older than ``oldest`` at once; the default of ``newest`` is the
    latest time that the tables hold. ``attributes`` bounds the number of attributes of one item, event or
    link, ``length`` the characters of one value, ``items`` the events or links of a span.
    """

    oldest: int = 0
    newest: int = (1 << 63) - 1
    attributes: int = 1024
    length: int = 1 << 20
    items: int = 4096


@dataclass(slots=True)
class Refusals:
    """The refused items of a request, counted by reason, with the message of the first."""

    reasons: Counter[str] = field(default_factory=Counter)
    message: str = ""

    def add(self, reason: str, message: str, count: int = 1) -> None:
        """Count ``count`` refused items."""
        self.reasons[reason] += count
        self.message = self.message or message

    def merge(self, other: "Refusals") -> None:
        """Count also what ``other`` has counted."""
        self.reasons.update(other.reasons)
        self.message = self.message or other.message

    @property
    def count(self) -> int:
        """The number of refused items."""
        return self.reasons.total()


class RefusalError(ValueError):
    """One item cannot be stored; ``reason`` is one of a fixed set of words, a label of the metric."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def attributes(pairs: Iterable[KeyValue], limits: Limits) -> dict[str, str]:
    """Return attributes with their values as text. Raises RefusalError past a limit."""
    # Most values are non-empty strings; WhichOneof would double the cost.
    texts = {pair.key: pair.value.string_value or text(pair.value) for pair in pairs}
    if texts and max(map(len, texts.values())) > limits.length:
        key, value = max(texts.items(), key=lambda item: len(item[1]))
        raise RefusalError(
            "attribute_length",
            f"attribute {key[:80]!r} has {len(value)} characters, more than {limits.length}",
        )
    if len(texts) > limits.attributes:
        raise RefusalError(
            "attribute_count", f"{len(texts)} attributes on one item, more than {limits.attributes}"
        )
    return texts


def trace_id(value: bytes) -> str:
    """Return a trace id in hexadecimal. Raises RefusalError."""
    if len(value) != _TRACE or value == NO_TRACE:
        raise RefusalError("trace_id", _wrong_id("trace_id", value, _TRACE))
    return value.hex()


def span_id(value: bytes) -> str:
    """Return a span id in hexadecimal. Raises RefusalError."""
    if len(value) != _SPAN or value == NO_SPAN:
        raise RefusalError("span_id", _wrong_id("span_id", value, _SPAN))
    return value.hex()


def parent_id(value: bytes) -> str:
    """Return the span id of a parent in hexadecimal; empty for a root span. Raises RefusalError."""
    if not value or value == NO_SPAN:
        return ""
    if len(value) != _SPAN:
        raise RefusalError("parent_span_id", _wrong_id("parent_span_id", value, _SPAN))
    return value.hex()


def _wrong_id(name: str, value: bytes, size: int) -> str:
    if len(value) == size:
        return f"{name} must not be all zeros"
    return f"{name} must be {size} bytes, got {len(value)}"


def check_time(name: str, value: int, limits: Limits) -> None:
    """Check that a time is set and within the limits. Raises RefusalError."""
    if limits.oldest <= value <= limits.newest and value:
        return
    if not value:
        raise RefusalError("time_missing", f"{name} is missing")
    if value < limits.oldest:
        raise RefusalError("time_past", f"{name} {value} is older than the store keeps")
    raise RefusalError("time_future", f"{name} {value} is too far in the future; check the sender's clock")
