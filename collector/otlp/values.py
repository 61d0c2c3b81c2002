"""Attributes as the store keeps them, and the checks ids and times must pass."""

import json
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

_TRACE: Final = 16
_SPAN: Final = 8
NO_TRACE: Final = bytes(_TRACE)
NO_SPAN: Final = bytes(_SPAN)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one span or point may be. Times are nanoseconds since the epoch.

    What is older than ``oldest`` the store would drop at once; what is newer than ``newest`` it
    could not. ``attributes`` bounds the number of attributes of one span, event, link or point,
    ``length`` the characters of one value, ``items`` the events or links.
    """

    oldest: int = 0
    newest: int = (1 << 63) - 1
    attributes: int = 1024
    length: int = 1 << 20
    items: int = 4096


@dataclass(slots=True)
class Refused:
    """What of a request was left out, by reason, with the first case in words."""

    reasons: Counter[str] = field(default_factory=Counter)
    message: str = ""

    def add(self, reason: str, message: str, count: int = 1) -> None:
        self.reasons[reason] += count
        self.message = self.message or message

    @property
    def count(self) -> int:
        return self.reasons.total()


class RefusedError(ValueError):
    """One span or point cannot be kept; ``reason`` is short and of a fixed set."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def attributes(pairs: Iterable[KeyValue], limits: Limits) -> dict[str, str]:
    """Attributes with their values as text. Raises RefusedError."""
    # Most values are strings that are not empty; asking which one it is costs as much again.
    found = {pair.key: pair.value.string_value or text(pair.value) for pair in pairs}
    if found and max(map(len, found.values())) > limits.length:
        key, value = max(found.items(), key=lambda item: len(item[1]))
        raise RefusedError(
            "attribute_length",
            f"attribute {key[:80]!r} has {len(value)} characters, more than {limits.length}",
        )
    if len(found) > limits.attributes:
        raise RefusedError(
            "attribute_count", f"{len(found)} attributes on one item, more than {limits.attributes}"
        )
    return found


def text(value: AnyValue) -> str:
    """A value as text: numbers and booleans as in JSON, bytes in base64, lists and maps as JSON."""
    kind = value.WhichOneof("value")
    if kind == "int_value":
        return str(value.int_value)
    if kind == "bool_value":
        return "true" if value.bool_value else "false"
    plain = _plain(value)
    if isinstance(plain, str):
        return plain
    return "" if plain is None else json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def _plain(value: AnyValue) -> Any:
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "int_value":
            return value.int_value
        case "double_value":
            return value.double_value
        case "bytes_value":
            return b64encode(value.bytes_value).decode()
        case "array_value":
            return [_plain(item) for item in value.array_value.values]
        case "kvlist_value":
            return {pair.key: _plain(pair.value) for pair in value.kvlist_value.values}
        case _:
            return None


def trace_id(value: bytes) -> str:
    """Hexadecimal text of a trace id. Raises RefusedError."""
    if len(value) != _TRACE or value == NO_TRACE:
        raise RefusedError("trace_id", _wrong_id("trace_id", value, _TRACE))
    return value.hex()


def span_id(value: bytes) -> str:
    """Hexadecimal text of a span id. Raises RefusedError."""
    if len(value) != _SPAN or value == NO_SPAN:
        raise RefusedError("span_id", _wrong_id("span_id", value, _SPAN))
    return value.hex()


def parent_id(value: bytes) -> str:
    """Hexadecimal text of a parent's span id; empty for a root span. Raises RefusedError."""
    if not value or value == NO_SPAN:
        return ""
    if len(value) != _SPAN:
        raise RefusedError("parent_span_id", _wrong_id("parent_span_id", value, _SPAN))
    return value.hex()


def _wrong_id(name: str, value: bytes, size: int) -> str:
    if len(value) == size:
        return f"{name} must not be all zeros"
    return f"{name} must be {size} bytes, got {len(value)}"


def check_time(name: str, value: int, limits: Limits) -> None:
    """Raises RefusedError when a time is missing or outside what the store keeps."""
    if limits.oldest <= value <= limits.newest and value:
        return
    if not value:
        raise RefusedError("time_missing", f"{name} is missing")
    if value < limits.oldest:
        raise RefusedError("time_past", f"{name} {value} is older than the store keeps")
    raise RefusedError("time_future", f"{name} {value} is too far in the future; check the sender's clock")
