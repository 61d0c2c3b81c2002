"""Strips of time in which endpoints were out or on probation, from the decisions about them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from proxy.contract.api.decisions import Decision
from proxy.contract.decisions.kinds import DecisionKind
from proxy.contract.model import EndpointState

# The state that a decision of this kind puts an endpoint into.
_STATES: Final[Mapping[str, EndpointState]] = {
    DecisionKind.EJECT: EndpointState.EJECTED,
    DecisionKind.PROBATION: EndpointState.PROBATION,
    DecisionKind.RETURN: EndpointState.HEALTHY,
    DecisionKind.REGISTER: EndpointState.HEALTHY,
    DecisionKind.LEAVE: EndpointState.HEALTHY,
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A time, in microseconds, in which an endpoint was in one state."""

    start: int
    end: int
    state: EndpointState
    reason: str


def lanes(
    decisions: Iterable[Decision], present: Sequence[str], start: int, end: int
) -> list[tuple[str, list[Piece]]]:
    """Return by address the times in which each endpoint was not healthy between ``start`` and ``end``.

    Those that are present have a lane, those that are gone only when something was decided about them.
    """
    # Decisions before ``start`` count as well: an endpoint may have been ejected then and still be out.
    by: dict[str, list[Decision]] = {address: [] for address in present}
    for each in decisions:
        if each["kind"] in _STATES and each["endpoint"] and each["time"] <= end:
            by.setdefault(each["endpoint"], []).append(each)
    found = {address: _pieces(told, start, end) for address, told in by.items()}
    kept = set(present)
    return [(address, pieces) for address, pieces in sorted(found.items()) if pieces or address in kept]


def _pieces(told: Sequence[Decision], start: int, end: int) -> list[Piece]:
    if not told:
        return []
    # The API gives the newest first, also among those of one moment, which a stable sort keeps in that order.
    ordered = sorted(told, key=lambda each: each["time"], reverse=True)[::-1]
    # A state lasts until the next decision about the endpoint, or until now.
    ends = [*(each["time"] for each in ordered[1:]), end]
    return [
        Piece(max(each["time"], start), until, _STATES[each["kind"]], each["reason"])
        for each, until in zip(ordered, ends, strict=True)
        if _STATES[each["kind"]] is not EndpointState.HEALTHY and until > max(each["time"], start)
    ]
