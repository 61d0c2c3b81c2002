"""Query parameters as declarations: name, type, default, bounds, meaning. Pure.

``parse`` turns the text of one into its value, or raises ValueError with what to write instead; the collector
puts name and value before that. Absent and empty are the default, as Jaeger's clients expect.
"""

import re
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, TypeVar

TIME_MAX_US: Final = 9_000_000_000_000_000  # the year 2255; DateTime64(9) of the store ends in 2262

_WHOLE: Final = re.compile(r"-?[0-9]{1,30}")
UNITS_NS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
}
"""Nanoseconds of each unit that a duration may have; TraceQL knows the same units."""

_DURATION: Final = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?|\.[0-9]{1,15})(ns|us|µs|μs|ms|s|m|h|d)")

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Parameter(Generic[T]):
    """A query parameter. ``default`` is the value without it; where that depends on the request, it is None
    and ``absent`` says in words what it is."""

    name: str
    meaning: str
    absent: str = ""
    required: bool = False
    repeated: bool = False
    default: T

    kind: ClassVar[str]

    def parse(self, text: str) -> T:
        """Return the value of a text that is not empty. Raises ValueError with what to write instead."""
        raise NotImplementedError

    def schema(self) -> dict[str, Any]:
        """JSON Schema of the text."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Text(Parameter[str]):
    """Any text."""

    default: str = ""
    kind = "text"

    def parse(self, text: str) -> str:
        return text

    def schema(self) -> dict[str, Any]:
        return {"type": "string"}


@dataclass(frozen=True, kw_only=True)
class ServiceName(Text):
    """A service: its plain name where only one namespace has it, ``namespace/name`` otherwise."""

    kind = "service"


@dataclass(frozen=True, kw_only=True)
class Choice(Parameter[str]):
    """One of a few words."""

    choices: tuple[str, ...]
    default: str = ""
    kind = "choice"

    def parse(self, text: str) -> str:
        if text not in self.choices:
            two = len(self.choices) == 2
            raise ValueError(
                f"write {' or '.join(self.choices)}" if two else f"write one of {', '.join(self.choices)}"
            )
        return text

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.choices)}


@dataclass(frozen=True, kw_only=True)
class Whole(Parameter[int]):
    """A whole number from ``low`` to ``high``."""

    low: int
    high: int
    default: int = 0
    kind = "whole number"

    def parse(self, text: str) -> int:
        if not _WHOLE.fullmatch(text) or not self.low <= int(text) <= self.high:
            raise ValueError(f"write a whole number from {self.low} to {self.high}")
        return int(text)

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True, kw_only=True)
class Instant(Parameter[int]):
    """A time in microseconds since the epoch; seconds and milliseconds written by mistake are recognised."""

    default: int = 0
    kind = "microseconds"

    def parse(self, text: str) -> int:
        fix = "write microseconds since the epoch, for example 1760000000000000"
        if not _WHOLE.fullmatch(text):
            raise ValueError(fix)
        value = int(text)
        if 10**9 <= value < 10**11:
            raise ValueError(f"this looks like seconds; {fix}")
        if 10**12 <= value < 10**14:
            raise ValueError(f"this looks like milliseconds; {fix}")
        if not 0 <= value <= TIME_MAX_US:
            raise ValueError(fix)
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": 0, "maximum": TIME_MAX_US}


@dataclass(frozen=True, kw_only=True)
class Duration(Parameter[int | None]):
    """A duration like ``1.2s``, ``100ms``, ``5us`` or ``1h30m``, in nanoseconds; None without one."""

    default: int | None = None
    kind = "duration"

    def parse(self, text: str) -> int:
        if text == "0":
            return 0
        parts = _DURATION.findall(text)
        if not parts or "".join(number + unit for number, unit in parts) != text:
            raise ValueError("write a number with a unit (ns, us, ms, s, m, h, d), for example 1.2s or 100ms")
        total = round(sum(float(number) * UNITS_NS[unit] for number, unit in parts))
        if total >= 2**62:
            raise ValueError("write a duration below 146 years")
        return total

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "examples": ["1.5s", "100ms", "1h30m"]}
