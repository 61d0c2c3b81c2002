"""Decisions of the mesh: the newest in memory, older ones and other collectors' from the store."""

import logging
from typing import Final

from collector.control.mesh_rows import read_decision
from collector.query.bounded_reader import BoundedReader
from collector.query.errors import TryLaterError
from collector.query.sql import Sql
from topology.engine import Engine
from topology.model.decisions import Decision

_DECISIONS: Final = Sql("""
SELECT toUnixTimestamp64Milli(Time), toValidUTF8(Kind), toValidUTF8(Service), toValidUTF8(Endpoint),
    toValidUTF8(Reason), toValidUTF8(Evidence)
FROM mesh_decisions
WHERE (empty({service:Array(String)}) OR has({service:Array(String)}, lowerUTF8(Service)))
    AND ({kind:String} = '' OR Kind = {kind:String})
ORDER BY Time DESC, Service, Endpoint, Kind
LIMIT {limit:UInt32}
""")
_log = logging.getLogger(__name__)


async def decisions(
    store: BoundedReader, engine: Engine, service: str, limit: int, kind: str = ""
) -> list[Decision]:
    """Return the newest decisions (of a kind), newest first, each once. The store being down costs only what
    memory no longer holds: decisions matter most while something is broken."""
    live = engine.decisions(service or None, limit, kind)
    stored = [each.lower() for each in engine.live.names().stored_as(service)] if service else []
    try:
        rows = await store.rows(_DECISIONS.bind(service=stored, limit=limit, kind=kind))
    # Memory has the newest, which is what is looked at while something is broken.
    except TryLaterError as error:
        _log.warning("decisions are shown from memory alone: %s", error)
        rows = []
    return merged(live, [read_decision(*row) for row in rows], limit)


def merged(live: tuple[Decision, ...], stored: list[Decision], limit: int) -> list[Decision]:
    """Both, newest first; a stored one that memory holds too is left out. The store keeps
    milliseconds, so times are compared within one."""
    times: dict[tuple[str, str, str, str], list[float]] = {}
    for each in live:
        times.setdefault(_key(each), []).append(each.time)
    # Milliseconds are cut, not rounded, by the store; a millisecond and a half covers both.
    further = [
        each for each in stored if all(abs(each.time - time) > 0.0015 for time in times.get(_key(each), ()))
    ]
    return sorted([*live, *further], key=lambda each: -each.time)[:limit]


def _key(decision: Decision) -> tuple[str, str, str, str]:
    return decision.kind, decision.service, decision.endpoint, decision.reason
