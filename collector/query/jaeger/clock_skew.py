"""Spans whose clock does not agree with their parent's, and the shift that would fix it. Pure.

Two hosts' clocks differ by milliseconds to seconds; one shows where a child begins before its
parent or, having been waited for, ends after it. The shift puts the child in the middle of its
parent, half of the unexplained time being the way there and half the way back (Zipkin and
Jaeger correct so). What a shifted host did further down is shifted along. Nothing is changed
here: times are shown as sent, and the shift that would fit is named.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

# Smaller differences are no warning: some clocks count milliseconds.
TOLERANCE_NS: Final = 1_000_000
# What tells hosts, and so clocks, apart; the first a span has.
_HOST: Final = ("host.id", "host.name", "host.ip", "k8s.node.name")


class Timed(Protocol):
    """A span; ``start`` and ``duration`` in nanoseconds."""

    @property
    def span_id(self) -> str: ...
    @property
    def parent_id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def duration(self) -> int: ...
    @property
    def resource(self) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True)
class Skew:
    """Nanoseconds: begun before the parent, ended after it (both as sent), and what to add to all
    times of the span so that it fits."""

    early: int
    late: int
    shift: int


def skews(spans: Sequence[Timed]) -> dict[str, Skew]:
    """By span id, those that do not fit their parent or are shifted along with it.

    Of spans with one id the first counts; spans without a stored parent have nothing to disagree
    with.
    """
    known: dict[str, Timed] = {}
    for span in spans:
        known.setdefault(span.span_id, span)
    children: dict[str, list[Timed]] = defaultdict(list)
    roots: list[Timed] = []
    for span in known.values():
        parent = span.parent_id if span.parent_id in known and span.parent_id != span.span_id else ""
        (children[parent] if parent else roots).append(span)
    found: dict[str, Skew] = {}
    # A list instead of recursion: traces may be deeper than Python's stack allows.
    waiting = [(root, 0) for root in roots]
    while waiting:
        parent_span, moved = waiting.pop()
        for child in children.get(parent_span.span_id, ()):
            skew = _against(parent_span, moved, child)
            if skew != Skew(0, 0, 0):
                found[child.span_id] = skew
            waiting.append((child, skew.shift))
    return found


def warnings(spans: Sequence[Timed]) -> dict[str, list[str]]:
    """Warnings by span id: a parent that is not stored, a clock that differs."""
    known = {span.span_id for span in spans}
    found: dict[str, list[str]] = {}
    for span in spans:
        if span.parent_id and span.parent_id not in known:
            found[span.span_id] = [f"the parent span {span.parent_id} is not stored"]
    for span_id, skew in skews(spans).items():
        found.setdefault(span_id, []).append(_sentence(skew))
    return found


def _against(parent: Timed, moved: int, child: Timed) -> Skew:
    """``moved`` is the shift of the parent."""
    early = _noted(parent.start - child.start)
    awaited = _awaited(parent, child)
    late = _noted(child.start + child.duration - parent.start - parent.duration) if awaited else 0
    # One host has one clock: a child that begins early there is not a matter of clocks. The shift of the
    # parent applies.
    if _host(child) and _host(child) == _host(parent):
        return Skew(early, 0, moved)
    begins = parent.start + moved
    if child.duration > parent.duration or not awaited:
        # It went on after its parent: only its beginning says anything.
        return Skew(early, 0, _noted(begins - child.start))
    before, after = begins - child.start, child.start + child.duration - begins - parent.duration
    if not _noted(before) and not _noted(after):
        return Skew(early, late, 0)
    return Skew(early, late, begins + (parent.duration - child.duration) // 2 - child.start)


def _noted(nanoseconds: int) -> int:
    return nanoseconds if nanoseconds > TOLERANCE_NS else 0


def _awaited(parent: Timed, child: Timed) -> bool:
    """True if the parent went on only when the child had ended; nobody waits for a message."""
    # Parents of other kinds may go on while their children run, so an end after theirs proves nothing.
    return parent.kind == "Client" and child.kind != "Consumer"


def _host(span: Timed) -> str:
    return next((text for key in _HOST if (text := span.resource.get(key))), "")


def _sentence(skew: Skew) -> str:
    beside = (
        f"{kind} {nanoseconds / 1e6:.3f} ms {side} its parent"
        for kind, nanoseconds, side in (("starts", skew.early, "before"), ("ends", skew.late, "after"))
        if nanoseconds
    )
    seen = " and ".join(beside)
    fix = f"{skew.shift / 1e6:+.3f} ms would fit; times are shown as sent"
    if not seen:
        return f"its clock differs from its caller's, {fix}"
    return f"{seen}: their clocks differ, {fix}" if skew.shift else f"{seen}; times are shown as sent"
