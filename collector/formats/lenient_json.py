"""Fields out of JSON that others wrote, read as leniently as those who wrote it read it.

Every function takes the name of the field for the error: ValueError that says what was there instead.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

_ID: Final = 16  # hexadecimal digits
_TRACE_ID: Final = 32
_LARGEST: Final = (1 << 64) - 1


def identity(field: str, value: Any) -> bytes:
    """The bytes of a hexadecimal id: 8, or 16 when it has more than 16 digits; short ones are padded."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"{field}: expected hexadecimal text, got {kind(value)}")
    try:
        size = _ID if len(value) <= _ID else _TRACE_ID
        return bytes.fromhex(value.rjust(size, "0"))
    except ValueError:
        raise ValueError(f"{field}: {value[:40]!r} is not hexadecimal") from None


def whole(field: str, value: Any) -> int:
    """A number from 0 to what 64 bits hold, also when it is quoted; 0 when there is none."""
    if value is None:
        return 0
    try:
        if isinstance(value, bool):
            raise TypeError
        return max(0, min(int(value), _LARGEST))
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{field}: {str(value)[:40]!r} is not a whole number") from None


def text(field: str, value: Any) -> str:
    """Text, also of a number or boolean; empty when there is none."""
    if value is None:
        return ""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise ValueError(f"{field}: expected text, got {kind(value)}")


def clean(value: str) -> str:
    """JSON can spell halves of surrogate pairs, which no UTF-8 can hold."""
    return value.encode("utf-8", "replace").decode()


def mapping(field: str, value: Any) -> Mapping[str, Any]:
    """An object; an empty one when there is none."""
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise ValueError(f"{field}: expected an object, got {kind(value)}")


def sequence(field: str, value: Any) -> list[Any]:
    """A list; an empty one when there is none."""
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise ValueError(f"{field}: expected a list, got {kind(value)}")


def kind(value: Any) -> str:
    """What a value is, in words."""
    names = {dict: "an object", list: "a list", str: "text", type(None): "nothing", bool: "true or false"}
    return names.get(type(value), "a number")
