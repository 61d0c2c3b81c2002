"""Typed fields out of JSON that other tools wrote, read as leniently as those tools read it.

Every function takes the name of the field for its error, a ValueError that says what was there instead.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_ID: Final = 16  # hexadecimal digits
_TRACE_ID: Final = 32
_LARGEST: Final = (1 << 64) - 1


def hex_id(field: str, value: Any) -> bytes:
    """Return the bytes of a hexadecimal id, padded to 8, or to 16 for more than 16 digits."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"{field}: expected hexadecimal text, got {type_name(value)}")
    try:
        size = _ID if len(value) <= _ID else _TRACE_ID
        return bytes.fromhex(value.rjust(size, "0"))
    except ValueError:
        raise ValueError(f"{field}: {value[:40]!r} is not hexadecimal") from None


def unsigned(field: str, value: Any) -> int:
    """Return a number, quoted or not, clamped to 64 unsigned bits; 0 for null."""
    if value is None:
        return 0
    try:
        if isinstance(value, bool):
            raise TypeError
        return max(0, min(int(value), _LARGEST))
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{field}: {str(value)[:40]!r} is not a whole number") from None


def text(field: str, value: Any) -> str:
    """Return a text, or a number or boolean as its JSON text; empty for null."""
    if value is None:
        return ""
    if isinstance(value, str):
        return replace_surrogates(value)
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise ValueError(f"{field}: expected text, got {type_name(value)}")


def replace_surrogates(value: str) -> str:
    """Replace lone surrogates by U+FFFD: JSON can escape them, UTF-8 and so protobuf cannot hold them."""
    return _SURROGATE.sub("\ufffd", value)


def mapping(field: str, value: Any) -> Mapping[str, Any]:
    """Return an object; an empty one for null."""
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise ValueError(f"{field}: expected an object, got {type_name(value)}")


def sequence(field: str, value: Any) -> list[Any]:
    """Return a list; an empty one for null."""
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise ValueError(f"{field}: expected a list, got {type_name(value)}")


def type_name(value: Any) -> str:
    """Return the JSON type of a value in words, for an error."""
    names = {dict: "an object", list: "a list", str: "text", type(None): "nothing", bool: "true or false"}
    return names.get(type(value), "a number")
