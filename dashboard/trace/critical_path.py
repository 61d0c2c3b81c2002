"""The critical path of a trace: at each instant of the root, the one span that it waited for. Pure.

Followed backwards from the root's end, as CRISP does (Zhang et al., USENIX ATC 2022): what ended last
before now was waited for; before it began, what had ended by then; in between the span itself was busy.

* A message is not waited for, nor is a child that ended after its parent: the parent had gone on.
* A server's span beside its client's comes from another clock. Where it does not fit into the client's
  it is moved into its middle for the computation, and all below with it; stretches have the times as sent.
* Two that follow each other may overlap a little, because clocks are read at slightly different moments.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dashboard.api.trace import Span, Trace
from dashboard.trace.trace_tree import NOBODY, children, parents

# How much of a child, and how many microseconds at most, may overlap what came after it.
_OVERLAP_SHARE: Final = 20
_OVERLAP_MAX: Final = 1000


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time in which the span at ``index`` held up the trace, in microseconds as sent."""

    index: int
    start: int
    end: int


@dataclass(slots=True)
class _Frame:
    index: int
    begin: int
    now: int  # what lies after it is explained
    waiting: list[int]  # children not looked at, the last to end at the end


def critical_path(trace: Trace) -> list[Stretch]:
    """Return the stretches by time. Unless clocks differ they cover the longest root from start to end."""
    moved = shifts(trace)
    below = children(trace)

    # Frames on a list instead of recursion: traces may be deeper than Python's stack allows.
    def frame(index: int, begin: int, now: int) -> _Frame:
        by_end = sorted(below[index], key=lambda at: trace.spans[at].end + moved[at])
        return _Frame(index, begin, now, by_end)

    root = _longest_root(trace)
    path: list[Stretch] = []
    frames = [frame(root, trace.spans[root].start, trace.spans[root].end)]

    def busy(index: int, start: int, end: int) -> None:
        if end > start:
            path.append(Stretch(index, start - moved[index], end - moved[index]))

    while frames:
        here = frames[-1]
        child = _waited_for(trace, here, moved)
        if child == NOBODY:
            busy(here.index, here.begin, here.now)
            frames.pop()
            continue
        span, shift = trace.spans[child], moved[child]
        begin, end = max(span.start + shift, here.begin), min(span.end + shift, here.now)
        busy(here.index, end, here.now)
        # What happened before the child began is looked at next, when this frame is on top again.
        here.now = begin
        frames.append(frame(child, begin, end))
    return sorted(path, key=lambda stretch: (stretch.start, stretch.end))


def _longest_root(trace: Trace) -> int:
    roots = [at for at, depth in enumerate(trace.depths) if not depth]
    return max(roots, key=lambda at: (trace.spans[at].duration, -at))


def _waited_for(trace: Trace, here: _Frame, moved: Sequence[int]) -> int:
    # A child that is passed over is dropped for good: ``now`` only goes backwards.
    while here.waiting:
        child = here.waiting.pop()
        span, shift = trace.spans[child], moved[child]
        begin, end = span.start + shift, span.end + shift
        slack = min(_OVERLAP_MAX, span.duration // _OVERLAP_SHARE)
        if not is_message(span) and here.begin < end <= here.now + slack and begin < here.now:
            return child
    return NOBODY


def is_message(span: Span) -> bool:
    """True if the parent only caused the span, and did not wait for it."""
    return span.kind == "consumer" or span.follows


def shifts(trace: Trace) -> list[int]:
    """Return microseconds to add to each span's times so that servers fit into their clients' spans."""
    found: list[int] = []
    for span, parent in zip(trace.spans, parents(trace), strict=True):
        if parent == NOBODY:
            found.append(0)
            continue
        caller, shift = trace.spans[parent], found[parent]
        is_remote = caller.kind == "client" and not is_message(span)
        fits = caller.start <= span.start and span.end <= caller.end
        if not is_remote or fits:
            found.append(shift)
            continue
        # In the middle, as the way there and the way back are assumed to take equally long.
        room = max(0, caller.duration - span.duration)
        found.append(caller.start + shift + room // 2 - span.start)
    return found
