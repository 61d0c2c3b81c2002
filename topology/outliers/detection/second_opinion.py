"""Agreement of reporters about an endpoint, and a second opinion where only one of them complains.

One reporter may lie, or be broken. Alone it is believed only when somebody who saw the endpoint
independently says the same: the endpoint's own sidecar, or an active probe. Until then the endpoint is
a suspect, to be probed. An ejection by another collector is believed unless sidecars here contradict it.
"""

from collections.abc import Callable, Iterable, Sequence
from math import log2
from typing import Final

from proxy.contract.decisions.kinds import FindingKind
from proxy.contract.traffic import Answer
from topology.evidence.measurements import Record
from topology.evidence.peer_tallies import (
    EndpointTally,
    ServiceTallies,
    better_half,
    pool,
    typical_latency,
)
from topology.evidence.reporter_view import SLOT
from topology.evidence.tally import Tally
from topology.settings import EngineSettings

# The prefix of a collector's name where all its sidecars are one reporter: their own are not distinguished.
GROUP: Final = "collector "

# Of its calls, from which on an endpoint is plainly bad: then a lone reporter can be believed, and less
# evidence is enough.
PLAINLY: Final = 0.5
# Calls of sound peers that prove that what an endpoint does is not shared.
SOUND_CALLS: Final = 10
PROBE_VALID: Final = 5.0  # seconds: an older answer tells of another moment
# Calls by other reporters that went well, from which on they contradict the one that complains.
CONTRADICTED: Final = 3
# Seconds within which sidecars here are asked about a remote ejection: about as long as its row took.
_REMOTE_WINDOW: Final = 2.5


def agreed(
    reporters: Sequence[str],
    own: EndpointTally,
    peers: Sequence[EndpointTally],
    least: int,
    worse: Callable[[str], bool],
) -> bool:
    """True if at least ``least`` reporters see it, and it holds without any one of all that reported.

    ``worse`` repeats the test with one reporter left out. Leaving out each in turn (as the jackknife does)
    keeps one reporter with many calls from deciding alone under cover of a second one.
    """
    # The count is cheap, the leave-one-out repeats the whole test: so the count comes first.
    if len(reporters) < least:
        return False
    return all(worse(name) for name in set(own.by_reporter).union(*(peer.by_reporter for peer in peers)))


def failures(record: Record, seconds: float, floor: float, now: float) -> str:
    """Return who else says that the endpoint fails, in words; empty when nobody does."""
    own = _served(record, seconds, now)
    # Two failures at least, as one may have been the caller's own doing (it broke off).
    if own.errors >= 2 and own.failing >= floor:
        return f"its own sidecar counted {own.errors} of {own.count} failed"
    return probe(record, now)


def answers(record: Record, seconds: float, answer: Answer, floor: float, now: float) -> str:
    """Return who else says that the endpoint gives these answers, in words; empty when nobody does."""
    own = _served(record, seconds, now)
    if own.of(answer) >= 2 and own.share(answer) >= floor:
        return f"its own sidecar counted {own.of(answer)} of {own.count} such answers"
    return ""


def latency(record: Record, peers: Iterable[Record], seconds: float, gap: float, now: float) -> str:
    """Return who else says that the endpoint is slower than its peers by ``gap`` octaves, in words.

    Half the gap is enough: a second opinion supports a finding, it is none by itself.
    """
    own = _served(record, seconds, now)
    others = pool(_served(peer, seconds, now) for peer in peers)
    if own.timed and others.timed and own.mean >= others.mean + gap / 2:
        times = 2 ** (own.mean - others.mean)
        return f"its own sidecar measured {times:.1f} times its peers' latency"
    return probe(record, now)


def probe(record: Record, now: float, within: float = PROBE_VALID) -> str:
    """Return what an active probe met that failed within these seconds; empty when there is none."""
    probed = record.probed
    if probed is None or probed.ok or now - probed.at > within:
        return ""
    return f"a probe found: {probed.detail}"


def contradicted(tallies: ServiceTallies, endpoint: str, kind: FindingKind, settings: EngineSettings) -> bool:
    """True if sidecars of this very collector find nothing of what another one ejected it for."""
    own = tallies.of(endpoint, _REMOTE_WINDOW)
    # Other collectors' calls do not count: the one that made the finding would confirm itself.
    mine = pool(tally for name, tally in own.by_reporter.items() if not name.startswith(GROUP))
    if mine.count < CONTRADICTED:
        return False
    if kind is FindingKind.ANSWERS:
        odd = mine.redirects + mine.refusals + mine.shed
        return odd < mine.count * (1 - settings.eject_success_below)
    # A stall shows here as failures (time-outs), so it is checked in the same way.
    if kind is not FindingKind.LATENCY:
        return mine.failing < 1 - settings.eject_success_below
    peer = better_half(tallies.of_peers(endpoint, _REMOTE_WINDOW), typical_latency, "")
    if peer is None or not peer.timed or not mine.timed:
        return False
    return mine.mean - peer.mean < log2(settings.slow_factor) / 2


def _served(record: Record, seconds: float, now: float) -> Tally:
    return record.served.since(int((now - seconds) / SLOT) + 1)
