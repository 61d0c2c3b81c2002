"""Attribute values as the store keeps them, a text and a type, and back without loss. Pure.

The text is what the OpenTelemetry ClickHouse exporter writes, so that other readers of the tables find what
they expect: numbers and booleans as in JSON, bytes in base64, lists and maps as JSON. The type tells ``"1"``
from 1 and 2 from 2.0. A list or map whose JSON does not say it all (bytes, NaN or infinity inside, a key
twice) is kept in OTLP/JSON.
"""

import json
import re
from base64 import b64encode
from math import isfinite
from typing import Any, Final

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

Json = dict[str, Any]

STRING: Final = ""
INT: Final = "int"
DOUBLE: Final = "double"
BOOL: Final = "bool"
BYTES: Final = "bytes"
ARRAY: Final = "array"
MAP: Final = "map"
NONE: Final = "none"
"""An AnyValue without any value."""
OTLP: Final = "otlp"
"""A list or map whose text is OTLP/JSON."""
TYPES: Final = (STRING, INT, BOOL, DOUBLE, NONE, BYTES, ARRAY, MAP, OTLP)
"""In the order of AnyValue.stored_type (collector/clickhouse/spans.proto): add at the end only."""

_KINDS: Final = {
    "string_value": STRING,
    "int_value": INT,
    "double_value": DOUBLE,
    "bool_value": BOOL,
    "bytes_value": BYTES,
    "array_value": ARRAY,
    "kvlist_value": MAP,
    None: NONE,
}
_NOT_FINITE: Final = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]{0,18}")
_DECIMAL: Final = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]*[1-9]")


def encode(value: AnyValue) -> tuple[str, str]:
    """Return the text and the type of a value."""
    kind = _KINDS.get(value.WhichOneof("value"), NONE)
    if kind in (ARRAY, MAP) and not _is_json(value):
        return json.dumps(MessageToDict(value), ensure_ascii=False, separators=(",", ":")), OTLP
    return text(value), kind


def text(value: AnyValue) -> str:
    """Return the text of a value."""
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
            # JSON has no numbers for these; as proto3's JSON mapping writes them.
            number = value.double_value
            return number if isfinite(number) else _NOT_FINITE[str(number)]
        case "bytes_value":
            return b64encode(value.bytes_value).decode()
        case "array_value":
            return [_plain(item) for item in value.array_value.values]
        case "kvlist_value":
            return {pair.key: _plain(pair.value) for pair in value.kvlist_value.values}
        case _:
            return None


def _is_json(value: AnyValue) -> bool:
    """True if plain JSON holds all of the value."""
    match value.WhichOneof("value"):
        case "array_value":
            return all(map(_is_json, value.array_value.values))
        case "kvlist_value":
            pairs = value.kvlist_value.values
            return len({pair.key for pair in pairs}) == len(pairs) and all(
                _is_json(pair.value) for pair in pairs
            )
        case "double_value":
            return isfinite(value.double_value)
        case kind:
            return kind != "bytes_value"


def decode(stored: str, kind: str | None) -> Json:
    """Return the value in OTLP/JSON; ``kind`` None stands for a value stored before types were.

    What is not of its type is a string: other writers of the tables may not know of types.
    """
    if kind is None:
        kind = infer(stored)
    try:
        match kind:
            case "":
                return {"stringValue": stored}
            case "int":
                return {"intValue": str(int(stored))}
            case "double":
                number = float(stored)
                return {"doubleValue": number if isfinite(number) else _NOT_FINITE[str(number)]}
            case "bool":
                return {"boolValue": stored == "true"}
            case "bytes":
                return {"bytesValue": stored}
            case "none":
                return {}
            case "array" | "map":
                return _any_value(json.loads(stored))
            case _:
                return dict(json.loads(stored))
    except (TypeError, ValueError, RecursionError):
        return {"stringValue": stored}


def _any_value(value: Any) -> Json:
    match value:
        case None:
            return {}
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case str():
            return {"stringValue": value}
        case list():
            return {"arrayValue": {"values": [_any_value(item) for item in value]}}
        case _:
            pairs = [{"key": key, "value": _any_value(item)} for key, item in value.items()]
            return {"kvlistValue": {"values": pairs}}


def infer(stored: str) -> str:
    """Return the type of a text stored without one: bool, 64-bit integer or float if it is written exactly
    so.

    No leading or trailing zeros, no other spelling: a version or an identifier loses no digit.
    """
    if stored in ("true", "false"):
        return BOOL
    if _INTEGER.fullmatch(stored) and -(2**63) <= int(stored) < 2**63:
        return INT
    if _DECIMAL.fullmatch(stored) and isfinite(float(stored)) and repr(float(stored)) == stored:
        return DOUBLE
    return STRING
