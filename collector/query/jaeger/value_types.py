"""Attribute values whose types the store does not keep, recovered from their texts. Pure."""

import re
from math import isfinite
from typing import Final

_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]{0,18}")
_DECIMAL: Final = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]*[1-9]")


def typed(text: str) -> bool | int | float | str:
    """The bool, 64-bit integer or float that is written exactly so, otherwise the text.

    No leading or trailing zeros, no other spelling: a version or an identifier loses no digit.
    """
    if text in ("true", "false"):
        return text == "true"
    if _INTEGER.fullmatch(text) and -(2**63) <= int(text) < 2**63:
        return int(text)
    if _DECIMAL.fullmatch(text) and isfinite(float(text)) and repr(float(text)) == text:
        return float(text)
    return text
