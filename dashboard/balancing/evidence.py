"""The evidence of a decision as sentences, bars to compare, and further facts as pairs. Pure.

Evidence of a newer release, which this one cannot read, is shown as pairs of what and value.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dashboard import format as fmt
from proxy.contract.api.decisions import Decision
from proxy.contract.decisions.codec import decode
from proxy.contract.decisions.evidence import (
    AnswerComparison,
    ArmComparison,
    Calls,
    Dependency,
    Ejection,
    FailedProbe,
    FailureComparison,
    Grounds,
    Hold,
    LatencyComparison,
    Probation,
    Return,
    StageChange,
    Stall,
    Unknown,
    WeightChange,
)
from proxy.contract.decisions.kinds import Figure
from proxy.contract.traffic import Answer

_REPORTERS = 4  # named in a sentence, the others are counted
_PEERS = 3
_BARS = 6


@dataclass(frozen=True, slots=True)
class Bar:
    """One figure of a comparison; ``share`` of the largest is the bar's length, 0 to 1."""

    what: str
    share: float
    value: str
    look: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Sentences, bars with a title that says what they measure, and further facts as pairs."""

    sentences: tuple[str, ...] = ()
    title: str = ""
    bars: tuple[Bar, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()

    def __add__(self, other: "Explanation") -> "Explanation":
        return Explanation(
            self.sentences + other.sentences,
            self.title or other.title,
            self.bars + other.bars,
            self.pairs + other.pairs,
        )


def explain(decision: Decision) -> Explanation:
    """Return what a decision rests on."""
    # Decisions of other releases may lack facts or be of unknown kinds: ``decode`` gives Unknown for those.
    match decode(decision["kind"], decision["evidence"] or {}):
        case Ejection() as made:
            return _grounds(made.grounds) + Explanation(pairs=_ejection(made))
        case Probation() as made:
            return _grounds(made.grounds) + Explanation(pairs=_earlier(made.ejections))
        case Return(trial=Calls() as trial):
            return _trial(trial)
        case Return(ejected=int() as left):
            return Explanation(pairs=(("still ejected", fmt.count(left)),))
        case Hold() as made:
            return _grounds(made.grounds) + _cause(made.cause)
        case WeightChange() as made:
            return _weight(made)
        case StageChange() as made:
            return _arms(made.harm) + Explanation(pairs=_who(made))
        case Unknown() as made:
            return Explanation(pairs=tuple(fmt.evidence(made.facts)))
    return Explanation()


def _grounds(grounds: Grounds | None) -> Explanation:
    match grounds:
        case LatencyComparison():
            return _latency(grounds)
        case AnswerComparison():
            answers = f"calls answered with {Answer(grounds.answer).words} in {grounds.window:g} s"
            return _failures(grounds, answers)
        case FailureComparison():
            return _failures(grounds)
        case Stall():
            return _stall(grounds)
        case Calls():
            return _trial(grounds)
        case FailedProbe():
            return Explanation((f"An active probe failed: {grounds.probe}.",))
    return Explanation()


def _failures(grounds: FailureComparison, title: str = "") -> Explanation:
    own, peers = _share(grounds.errors, grounds.count), _share(grounds.peer_errors, grounds.peer_count)
    bars = _bars(
        ("this endpoint", own, f"{fmt.percent(own)} of {fmt.count(grounds.count)}", "bad"),
        ("its peers", peers, f"{fmt.percent(peers)} of {fmt.count(grounds.peer_count)}", "ok"),
    )
    return Explanation(_seen(grounds), title or f"failed calls in {grounds.window:g} s", bars)


def _latency(grounds: LatencyComparison) -> Explanation:
    bars = _bars(
        ("this endpoint", grounds.latency_ms, fmt.duration(grounds.latency_ms), "bad"),
        ("its peers", grounds.peer_latency_ms, fmt.duration(grounds.peer_latency_ms), "ok"),
    )
    return Explanation(
        _seen(grounds), f"latency, {fmt.count(grounds.count)} calls in {grounds.window:g} s", bars
    )


def _stall(grounds: Stall) -> Explanation:
    bars = _bars(
        *(
            (name, each.oldest, fmt.duration(each.oldest * 1000), "bad")
            for name, each in list(grounds.reporters.items())[:_BARS]
        )
    )
    waiting = f"{fmt.count(grounds.open)} requests are open and none was answered."
    return Explanation((waiting, *_seen(grounds)), "oldest open request, by reporter", bars)


def _trial(calls: Calls) -> Explanation:
    if not calls.count:
        return Explanation(("It got no calls on probation.",))
    succeeded = fmt.count(calls.count - calls.errors)
    return Explanation((f"{succeeded} of {fmt.count(calls.count)} calls on probation succeeded.",))


def _cause(cause: Dependency | None) -> Explanation:
    if cause is None or not cause.path:
        return Explanation()
    bars = _bars(
        ("before", cause.before_ms, fmt.duration(cause.before_ms), "ok"),
        ("now", cause.latency_ms, fmt.duration(cause.latency_ms), "bad"),
    )
    failed = f"{fmt.count(cause.errors)} of {fmt.count(cause.count)} calls"
    pairs = (("path", " → ".join(cause.path)), ("failed now", failed))
    return Explanation((), f"latency of {fmt.short(cause.path[-1], 40)}", bars, pairs)


def _weight(made: WeightChange) -> Explanation:
    bars = _bars(
        ("before", made.before, f"{made.before:g}", ""), ("now", made.after, f"{made.after:g}", "warn")
    )
    measured = (
        f"Its latency is {made.latency_ratio:.2f} times its peers', over {fmt.count(made.calls)} calls."
    )
    shed = (
        (f"It turns away {fmt.percent(made.shed)} more of its requests for too much load.",)
        if made.shed
        else ()
    )
    return Explanation((measured, *shed, *_compared(made.peers)), "weight", bars)


def _arms(harm: ArmComparison | None) -> Explanation:
    """Explain why the guard turned a stage back: the figure of both arms."""
    if harm is None:
        return Explanation()
    timed = harm.figure in (Figure.P50, Figure.P99)
    unit: Callable[[float], str] = (lambda value: fmt.duration(value * 1000)) if timed else fmt.percent
    bars = _bars(
        ("direct", harm.direct, f"{unit(harm.direct)} of {fmt.count(harm.direct_count)}", "ok"),
        ("routed", harm.routed, f"{unit(harm.routed)} of {fmt.count(harm.routed_count)}", "bad"),
    )
    odds = f"Turned back by the guard. A false alarm at this check has a chance of at most {harm.level:.2g}."
    return Explanation((odds,), harm.figure.value, bars)


def _who(made: StageChange) -> tuple[tuple[str, str], ...]:
    return (("by", made.by), ("over", made.origin.value))[0 if made.by else 1 :]


def _ejection(made: Ejection) -> tuple[tuple[str, str], ...]:
    found_by = (("found by", f"collector {made.collector}"),) if made.collector else ()
    return (("out for", fmt.duration(made.seconds * 1000)), *found_by)


def _earlier(ejections: int) -> tuple[tuple[str, str], ...]:
    return (("ejections in a row", fmt.count(ejections)),) if ejections else ()


def _seen(grounds: FailureComparison | Stall) -> tuple[str, ...]:
    """Name the reporters that saw it, who confirms it, and the peers it is compared with."""
    compared = _compared(grounds.peers)
    if not grounds.reporters:
        return (f"Confirmed: {grounds.confirmed}.", *compared) if grounds.confirmed else compared
    seen = f"Seen by {_listed(grounds.reporters, _REPORTERS)}"
    return (f"{seen}, and {grounds.confirmed}." if grounds.confirmed else f"{seen}.", *compared)


def _compared(peers: tuple[str, ...]) -> tuple[str, ...]:
    return (f"Compared with {_listed(peers, _PEERS)}.",) if peers else ()


def _listed(names: Iterable[str], most: int) -> str:
    named = list(names)
    shown = ", ".join(fmt.short(name, 40) for name in named[:most])
    return f"{shown} and {len(named) - most} more" if len(named) > most else shown


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _bars(*figures: tuple[str, float, str, str]) -> tuple[Bar, ...]:
    most = max((value for _, value, _, _ in figures), default=0.0) or 1.0
    return tuple(Bar(what, value / most, text, look) for what, value, text, look in figures)
