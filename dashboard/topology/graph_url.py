"""The view of the topology page as a value, converted from the page's URL and back. Pure.

A value in the URL that cannot be meant takes its default and is named in ``problems``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

LABELS: Final[Mapping[str, str]] = {
    "both": "rate and p99",
    "rate": "rate",
    "success": "success",
    "p50": "p50",
    "p90": "p90",
    "p99": "p99",
    "share": "share of calls",
    "encrypted": "encryption",
    "none": "nothing",
}
WAYS: Final[Mapping[str, str]] = {"both": "both ways", "callers": "callers", "callees": "callees"}
GROUPS: Final[Mapping[str, str]] = {
    "": "nothing",
    "namespace": "namespace",
    "zone": "zone",
    "version": "version",
    "kind": "kind",
}
SPANS: Final[Mapping[int, str]] = {60: "1 min", 300: "5 min", 900: "15 min", 3600: "1 h", 21600: "6 h"}
EARLIER: Final[Mapping[int, str]] = {
    0: "nothing",
    1: "the time before",
    3600: "1 h earlier",
    86400: "1 day earlier",
    604800: "1 week earlier",
}
HOPS: Final = range(1, 10)
# The unit separator: a comma or a slash may be part of a service's name.
_BETWEEN: Final = "\x1f"  # names of a path
_PATH_MAX: Final = 100
_SECONDS_MAX: Final = 9_000_000_000


@dataclass(frozen=True, slots=True)
class GraphView:
    """The parameters of the topology page's URL. An invalid value falls back to its default.

    ``at`` is the window's end in seconds since the epoch, 0 for now, and ``span`` its length in seconds.
    The window to compare with is ``than_span`` seconds long (0: as long) and ends ``compare`` seconds
    earlier, with 1 directly before, or at ``than``; with both 0 there is none. ``warn`` and ``bad`` are
    successes in percent, ``slow`` a p99 in milliseconds or 0. ``path`` is names from caller to callee.
    """

    node: str = ""
    source: str = field(default="", metadata={"key": "from"})
    target: str = field(default="", metadata={"key": "to"})
    find: str = ""
    hide: str = ""
    focus: str = ""
    hops: int = 1
    way: str = "both"
    label: str = "both"
    group: str = ""
    idle: bool = True
    warn: float = 99.5
    bad: float = 95.0
    slow: float = 0.0
    at: int = 0
    span: int = 60
    compare: int = 0
    than: int = 0
    than_span: int = 0
    path: tuple[str, ...] = ()
    problems: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def of_search(cls, search: str | None) -> "GraphView":
        """Return the view of a URL's ``?…``."""
        # Blank values are kept, so that ``span=`` is reported as a problem and not taken as missing.
        given = dict(parse_qsl((search or "").lstrip("?"), keep_blank_values=True))
        read: dict[str, Any] = {}
        problems: list[str] = []
        for each in _SHOWN:
            text = given.get(_key(each))
            # A parameter that is not given is no problem to report.
            if text is None:
                continue
            rule = _RULES.get(each.name)
            value = rule.read(text) if rule else text
            if value is None and rule:
                problems.append(f"{_key(each)} is {text[:40]!r}: write {rule.fix}")
            else:
                read[each.name] = value
        view = cls(**read, problems=tuple(problems))
        # Only together can they be wrong, so both take their defaults.
        if view.bad > view.warn:
            problems.append(f"bad is {view.bad:g}: it must not be above warn ({view.warn:g})")
            view = replace(view, warn=cls().warn, bad=cls().bad, problems=tuple(problems))
        return view

    def search(self) -> str:
        """Return ``?…`` for the URL, defaults left out."""
        given = {
            _key(each): _text(value) for each in _SHOWN if (value := getattr(self, each.name)) != each.default
        }
        return "?" + urlencode(given) if given else ""

    def selecting(self, *selected: str) -> str:
        """Return the URL of the same view with a node (one name), an edge (caller, callee) or nothing
        selected.
        """
        node = selected[0] if len(selected) == 1 else ""
        source, target = selected if len(selected) == 2 else ("", "")
        return "/" + replace(self, node=node, source=source, target=target, path=()).search()

    @property
    def selected(self) -> tuple[str, ...]:
        """The selection: () or (node,) or (caller, callee)."""
        if self.node:
            return (self.node,)
        return (self.source, self.target) if self.source and self.target else ()

    def window(self, now: float) -> tuple[int, int]:
        """Return start and end in microseconds.

        A window that reaches now ends at a whole second, so that everybody who looks at the same time sends
        the same request.
        """
        # Not in the future: a link with a wrong clock would otherwise show an empty graph.
        end = min(self.at, int(now)) if self.at else int(now)
        return (end - self.span) * 1_000_000, end * 1_000_000

    @property
    def compared(self) -> bool:
        """True if two windows are compared."""
        return bool(self.compare or self.than)

    def before(self, now: float) -> tuple[int, int]:
        """Return the window to compare with, in microseconds; rates are per second, whatever the lengths."""
        start, end = self.window(now)
        if self.than:
            end = min(self.than, int(now)) * 1_000_000
        else:
            end = start if self.compare == 1 else end - self.compare * 1_000_000
        return end - (self.than_span or self.span) * 1_000_000, end


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule of a parameter: ``read`` returns None for an invalid value; ``fix`` says what is valid."""

    read: Callable[[str], Any]
    fix: str


def _one_of(choices: Mapping[str, str]) -> _Rule:
    named = ", ".join(name for name in choices if name)
    return _Rule(lambda text: text if text in choices else None, f"one of {named}")


def _whole(low: int, high: int) -> _Rule:
    def read(text: str) -> int | None:
        # isdigit alone also takes digits of other scripts and superscripts, and int() takes spaces and
        # underscores.
        plain = text.isascii() and text.isdigit() and len(text) < 12
        return int(text) if plain and low <= int(text) <= high else None

    return _Rule(read, f"a whole number from {low} to {high}")


def _number(high: float) -> _Rule:
    def read(text: str) -> float | None:
        try:
            value = float(text.strip().removesuffix("%").removesuffix("ms"))
        except ValueError:
            return None
        # Also refuses "nan", which compares false with everything, and "inf".
        return value if 0 <= value <= high else None

    return _Rule(read, f"a number from 0 to {high:g}")


_RULES: Final[Mapping[str, _Rule]] = {
    "hops": _whole(HOPS[0], HOPS[-1]),
    "way": _one_of(WAYS),
    "label": _one_of(LABELS),
    "group": _one_of(GROUPS),
    "warn": _number(100),
    "bad": _number(100),
    "slow": _number(3_600_000),
    "at": _whole(0, _SECONDS_MAX),
    "span": _whole(1, 604_800),
    "compare": _whole(0, 31_622_400),
    "than": _whole(0, _SECONDS_MAX),
    "than_span": _whole(0, 604_800),
    "path": _Rule(lambda text: tuple(filter(None, text.split(_BETWEEN)))[:_PATH_MAX], "names"),
    "idle": _Rule({"1": True, "0": False}.get, "0 or 1"),
}
_SHOWN: Final = tuple(each for each in fields(GraphView) if each.name != "problems")


def _key(each: Any) -> str:
    return str(each.metadata.get("key", each.name))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, tuple):
        return _BETWEEN.join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
