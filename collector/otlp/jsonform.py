"""Parsing of OTLP/JSON into protobuf messages.

Source: OTLP specification 1.x, "JSON Protobuf Encoding": proto3's JSON mapping with lowerCamelCase
names, except that trace and span ids are hexadecimal; unknown fields are ignored.
"""

import json
from base64 import b64encode
from typing import Any, Final, TypeVar

from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import Message

_IDS: Final = frozenset({"traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id"})
# Deeper than any telemetry, and well within the interpreter's recursion limit.
_DEPTH: Final = 100

M = TypeVar("M", bound=Message)


def parse(message: M, body: bytes) -> M:
    """Fill ``message`` from OTLP/JSON. Raises ValueError that names the field, or RecursionError."""
    return fill(message, json.loads(body.decode("utf-8")))


def fill(message: M, document: Any) -> M:
    """Fill ``message`` from decoded JSON. Raises ValueError that names the field, or RecursionError."""
    if not isinstance(document, dict):
        raise ValueError(f"expected an object, got {type(document).__name__}")
    try:
        return ParseDict(_with_ids(document, "", 0), message, ignore_unknown_fields=True)
    except ParseError as error:
        # "Failed to parse A field: Failed to parse B field: …": the innermost has the whole path.
        raise ValueError(str(error).rsplit(" field: ", 1)[-1]) from None
    except (TypeError, AttributeError) as error:
        # json_format meets a scalar where it expects an object.
        raise ValueError(f"a field has the wrong type: {error}") from None


def _with_ids(value: Any, path: str, depth: int) -> Any:
    """Return the document with its ids in base64, which proto3's JSON mapping expects for bytes."""
    if depth > _DEPTH:
        raise ValueError(f"{path.strip('.')[:80]}…: nested deeper than {_DEPTH} levels")
    if isinstance(value, list):
        return [_with_ids(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    return {
        key: _id(item, f"{path}.{key}") if key in _IDS else _with_ids(item, f"{path}.{key}", depth + 1)
        for key, item in value.items()
    }


def _id(value: Any, path: str) -> str:
    """Convert a hexadecimal id to base64. Raises ValueError."""
    if value is None:
        return ""
    try:
        return b64encode(bytes.fromhex(value)).decode()
    except (TypeError, ValueError):
        raise ValueError(f"{path.strip('.')} is {str(value)[:40]!r}, not hexadecimal") from None
