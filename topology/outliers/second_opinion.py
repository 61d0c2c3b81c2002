"""A second opinion on what one reporter, or one collector, alone sees.

One reporter may lie, or be broken. Alone it is believed only when somebody else, who saw the
endpoint with eyes of its own (its own sidecar, or a probe), says the same; until then the endpoint
is worth a probe. What another collector ejected is believed unless sidecars here know better.
"""

from collections.abc import Iterable
from math import log2
from typing import Final

from proxy.contract.decisions.kinds import FindingKind
from topology.evidence.measurements import SLOT, Record, Tally
from topology.evidence.peer_tallies import Sides, better_half, pooled, typical
from topology.settings import EngineSettings

# What stands before a collector's name where all its sidecars are one reporter.
GROUP: Final = "collector "

# Seconds a probe's answer counts for.
PROBE_COUNTS: Final = 5.0
# Calls of others that went well, beyond which they contradict the one who complains.
CONTRADICTED: Final = 3


def failures(record: Record, span: float, floor: float, now: float) -> str:
    """Who else says that the endpoint fails; empty when nobody does."""
    own = _served(record, span, now)
    if own.errors >= 2 and own.failing >= floor:
        return f"its own sidecar counted {own.errors} of {own.count} failed"
    return probe(record, now)


def latency(record: Record, others: Iterable[Record], span: float, gap: float, now: float) -> str:
    """Who else says that the endpoint is slower than its peers by ``gap`` octaves."""
    own = _served(record, span, now)
    peers = pooled(_served(other, span, now) for other in others)
    if own.timed and peers.timed and own.mean >= peers.mean + gap / 2:
        times = 2 ** (own.mean - peers.mean)
        return f"its own sidecar measured {times:.1f} times its peers' latency"
    return probe(record, now)


def probe(record: Record, now: float, within: float = PROBE_COUNTS) -> str:
    """What a probe that failed so many seconds ago, or fewer, found; empty when there is none."""
    probed = record.probed
    if probed is None or probed.ok or now - probed.at > within:
        return ""
    return f"a probe found: {probed.detail}"


def denied(sides: Sides, endpoint: str, kind: FindingKind, settings: EngineSettings) -> bool:
    """Whether sidecars of this very collector find nothing of what another one ejected it for."""
    span = 2.5
    own = sides.of(endpoint, span)
    mine = pooled(tally for name, tally in own.by.items() if not name.startswith(GROUP))
    if mine.count < CONTRADICTED:
        return False
    if kind is not FindingKind.LATENCY:
        return mine.failing < 1 - settings.eject_success_below
    peer = better_half(sides.others(endpoint, span), typical, "")
    if peer is None or not peer.timed or not mine.timed:
        return False
    return mine.mean - peer.mean < log2(settings.slow_factor) / 2


def _served(record: Record, span: float, now: float) -> Tally:
    return record.served.since(int((now - span) / SLOT) + 1)
