"""Parsing of OTLP/JSON into protobuf messages.

Source: OTLP specification 1.x, "JSON Protobuf Encoding": proto3's JSON mapping with lowerCamelCase
names, except that trace and span ids are hexadecimal; unknown fields are ignored.
"""

import json
import re
from base64 import b64encode
from typing import Any, Final, TypeVar

from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import Message

from collector.otlp.values import Refusals

_IDS: Final = frozenset({"traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id"})
# The lists of a request from the outside in, and the items in the innermost: spans, metrics or log records.
_LISTS: Final = (
    (
        "resourceSpans",
        "resource_spans",
        "resourceMetrics",
        "resource_metrics",
        "resourceLogs",
        "resource_logs",
    ),
    ("scopeSpans", "scope_spans", "scopeMetrics", "scope_metrics", "scopeLogs", "scope_logs"),
    ("spans", "metrics", "logRecords", "log_records"),
)
# Deeper than protobuf nests messages (100; a map inside of a map takes three of them and four levels of
# JSON), and well within the interpreter's recursion limit.
_DEPTH: Final = 160
_ESCAPED_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")

M = TypeVar("M", bound=Message)


def load(body: bytes) -> Any:
    """Decode JSON in UTF-8, -16 or -32, with a byte order mark or without. Raises ValueError, RecursionError.

    Bytes that are no text, and halves of surrogate pairs, become U+FFFD: protobuf cannot hold them.
    """
    text = body.decode(json.detect_encoding(body), "replace").removeprefix("\ufeff")
    document = json.loads(text)
    # A look at every text costs more than the parsing: only where there may be a half.
    return _without_surrogates(document) if _ESCAPED_SURROGATE.search(text) else document


def parse(message: M, body: bytes, refused: Refusals | None = None) -> M:
    """Fill ``message`` from OTLP/JSON; see ``fill``."""
    return fill(message, load(body), refused)


def fill(message: M, document: Any, refused: Refusals | None = None) -> M:
    """Fill ``message`` from decoded JSON. Raises ValueError that names the field, or RecursionError.

    With ``refused``, spans, metrics and log records that cannot be read are left out and counted there, as
    long as the lists around them can be read.
    """
    if not isinstance(document, dict):
        raise ValueError(f"expected an object, got {type(document).__name__}")
    try:
        return _fill(message, document)
    except (ValueError, RecursionError):
        if refused is None or not _prune(type(message), document, "", refused):
            raise
    return _fill(type(message)(), document)


def _fill(message: M, document: Any) -> M:
    try:
        return ParseDict(_with_ids(document, "", 0), message, ignore_unknown_fields=True)
    except ParseError as error:
        # "Failed to parse A field: Failed to parse B field: …": the innermost has the whole path.
        raise ValueError(str(error).rsplit(" field: ", 1)[-1]) from None
    except (TypeError, AttributeError) as error:
        # json_format meets a scalar where it expects an object.
        raise ValueError(f"a field has the wrong type: {error}") from None


def _prune(
    kind: type[Message], document: dict[str, Any], path: str, refused: Refusals, level: int = 0
) -> bool:
    """Delete the items of a request that cannot be read, and count them; return False if there were none."""
    found = False
    fields = {name: field for field in kind.DESCRIPTOR.fields for name in (field.json_name, field.name)}
    for name in document.keys() & set(_LISTS[level]) & fields.keys():
        items = document[name]
        if not isinstance(items, list):
            continue
        descriptor: Any = fields[name].message_type
        inner = descriptor._concrete_class
        kept = []
        for index, item in enumerate(items):
            place = f"{path}{name}[{index}]"
            if level + 1 < len(_LISTS) and isinstance(item, dict):
                found |= _prune(inner, item, f"{place}.", refused, level + 1)
            try:
                if not isinstance(item, dict):
                    raise ValueError(f"expected an object, got {type(item).__name__}")
                _fill(inner(), item)
                kept.append(item)
            except (ValueError, RecursionError) as error:
                refused.add("unreadable", f"{place}: {error}", _count(item, level))
                found = True
        document[name] = kept
    return found


def _count(item: Any, level: int) -> int:
    """Return the number of spans, metrics or log records in an item of a level; 1 where that cannot be
    read."""
    if level + 1 == len(_LISTS) or not isinstance(item, dict):
        return 1
    lists = (item[name] for name in _LISTS[level + 1] if isinstance(item.get(name), list))
    return max(1, sum(_count(each, level + 1) for items in lists for each in items))


def _with_ids(value: Any, path: str, depth: int) -> Any:
    """Return the document with its ids in base64, which proto3's JSON mapping expects for bytes."""
    if depth > _DEPTH:
        raise ValueError(f"{path.strip('.')[:80]}…: nested deeper than {_DEPTH} levels")
    if isinstance(value, list):
        # null stands for an AnyValue without a value in a list of them, and for nothing elsewhere.
        items = [{} if item is None and path.endswith(".values") else item for item in value]
        return [
            _with_ids(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(items) if item is not None
        ]
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


def _without_surrogates(value: Any) -> Any:
    """Return the document with U+FFFD for each half of a surrogate pair."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value
