"""What a decision rests on: a sentence or two in words, bars to compare, and what is left as pairs. Pure.

The evidence is what the mesh wrote beside its decision (docs/api.md); anything missing or of an
unknown kind is told as pairs of what and value.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from dashboard import format as fmt
from dashboard.api.model import Decision

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bar:
    """One figure of a comparison; ``share`` of the largest is the bar's length, 0 to 1."""

    what: str
    share: float
    value: str
    look: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """``words`` are sentences, ``title`` says what the bars measure, ``pairs`` are further facts."""

    words: tuple[str, ...] = ()
    title: str = ""
    bars: tuple[Bar, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()


def told(decision: Decision) -> Told:
    """The evidence of a decision."""
    facts = decision["evidence"] or {}
    for needed, tell in _TELLERS:
        if needed <= facts.keys():
            try:
                return tell(facts)
            except (TypeError, ValueError, KeyError, AttributeError):
                break  # not as the mesh writes it: told as it is
    return Told(pairs=tuple(fmt.evidence(facts)))


def _failures(facts: Facts) -> Told:
    own, peers = _share(facts["errors"], facts["count"]), _share(facts["peer_errors"], facts["peer_count"])
    bars = _bars(
        ("this endpoint", own, f"{fmt.percent(own)} of {fmt.count(facts['count'])}", "bad"),
        ("its peers", peers, f"{fmt.percent(peers)} of {fmt.count(facts['peer_count'])}", "ok"),
    )
    title = f"failed calls in {float(facts['window']):g} s"
    return Told((*_witnesses(facts), *_compared(facts)), title, bars, _further(facts))


def _latency(facts: Facts) -> Told:
    bars = _bars(
        ("this endpoint", facts["latency_ms"], fmt.duration(facts["latency_ms"]), "bad"),
        ("its peers", facts["peer_latency_ms"], fmt.duration(facts["peer_latency_ms"]), "ok"),
    )
    title = f"latency, {fmt.count(facts.get('count', 0))} calls in {float(facts.get('window', 0)):g} s"
    return Told((*_witnesses(facts), *_compared(facts)), title, bars, _further(facts))


def _stall(facts: Facts) -> Told:
    reporters = {str(name): float(each["oldest"]) for name, each in facts["reporters"].items()}
    bars = _bars(*((name, age, fmt.duration(age * 1000), "bad") for name, age in list(reporters.items())[:6]))
    words = f"{fmt.count(facts['open'])} requests are open and none was answered."
    return Told(
        (words, *_witnesses(facts), *_compared(facts)),
        "oldest open request, by reporter",
        bars,
        _further(facts),
    )


def _weight(facts: Facts) -> Told:
    before, after = float(facts["from"]), float(facts["to"])
    bars = _bars(("before", before, f"{before:g}", ""), ("now", after, f"{after:g}", "warn"))
    words = (
        f"Its latency is {float(facts['latency_ratio']):.2f} times its peers', "
        f"over {fmt.count(facts.get('calls', 0))} calls."
    )
    return Told((words, *_compared(facts)), "weight", bars)


def _arms(facts: Facts) -> Told:
    """A stage the guard turned back: the figure of both arms."""
    share = facts["figure"] == "success"
    unit: Callable[[float], str] = fmt.percent if share else lambda value: fmt.duration(value * 1000)
    bars = _bars(
        ("direct", facts["direct"], f"{unit(facts['direct'])} of {fmt.count(facts['direct_count'])}", "ok"),
        ("routed", facts["routed"], f"{unit(facts['routed'])} of {fmt.count(facts['routed_count'])}", "bad"),
    )
    words = (
        f"The guard turned it back: the chance of doing so for nothing is at most "
        f"{float(facts['level']):.2g} at this look."
    )
    return Told((words,), "success" if share else str(facts["figure"]), bars, _change(facts))


def _stage(facts: Facts) -> Told:
    return Told(pairs=_change(facts))


def _change(facts: Facts) -> tuple[tuple[str, str], ...]:
    """Who changed a stage."""
    given = (("by", facts.get("by")), ("over", facts.get("origin")))
    return tuple((key, str(value)) for key, value in given if value)


def _trial(facts: Facts) -> Told:
    count, errors = int(facts["count"]), int(facts["errors"])
    if not count:
        return Told(("Nobody called it meanwhile.",))
    return Told((f"{fmt.count(count - errors)} of {fmt.count(count)} calls succeeded meanwhile.",))


# The keys that tell a kind of evidence, the most telling first.
_TELLERS: Final[tuple[tuple[set[str], Callable[[Facts], Told]], ...]] = (
    ({"figure", "direct", "routed", "direct_count", "routed_count", "level"}, _arms),
    ({"from_percent", "to_percent"}, _stage),
    ({"latency_ms", "peer_latency_ms"}, _latency),
    ({"open", "oldest", "reporters"}, _stall),
    ({"count", "errors", "peer_count", "peer_errors", "window"}, _failures),
    ({"from", "to", "latency_ratio"}, _weight),
    ({"count", "errors"}, _trial),
)


def _witnesses(facts: Facts) -> tuple[str, ...]:
    names = list(facts.get("reporters") or ())
    confirmed = str(facts.get("confirmed") or "")
    if not names:
        return (f"Confirmed: {confirmed}.",) if confirmed else ()
    shown = ", ".join(fmt.short(str(name), 40) for name in names[:4])
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return (f"Seen by {shown}{more}" + (f", and {confirmed}." if confirmed else "."),)


def _compared(facts: Facts) -> tuple[str, ...]:
    peers = list(facts.get("peers") or ())
    if not peers:
        return ()
    shown = ", ".join(fmt.short(str(name), 40) for name in peers[:3])
    return (f"Compared with {shown}" + (f" and {len(peers) - 3} more." if len(peers) > 3 else "."),)


def _further(facts: Facts) -> tuple[tuple[str, str], ...]:
    """How long it is out."""
    return (("out for", fmt.duration(float(facts["seconds"]) * 1000)),) if "seconds" in facts else ()


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _bars(*figures: tuple[str, float, str, str]) -> tuple[Bar, ...]:
    most = max((float(value) for _, value, _, _ in figures), default=0.0) or 1.0
    return tuple(Bar(what, float(value) / most, text, look) for what, value, text, look in figures)
