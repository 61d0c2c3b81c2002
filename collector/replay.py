"""Stages that were changed over the API or turned back, put in force again after a restart."""

import logging
from dataclasses import dataclass
from typing import Final

from collector.clickhouse.reader import Reader
from proxy.contract.model import Stage
from topology.engine import Engine, UnknownServiceError

_log = logging.getLogger(__name__)

_NEWEST: Final = """
SELECT Service, argMax(JSONExtractString(Evidence, 'to'), Time) AS Stage,
       argMax(JSONExtractInt(Evidence, 'to_percent'), Time) AS Percent
FROM mesh_decisions
WHERE Kind = 'stage' AND JSONExtractString(Evidence, 'origin') IN ('api', 'guard')
GROUP BY Service
HAVING max(Time) > toDateTime64({since:Float64}, 3)
ORDER BY Service
"""


@dataclass(frozen=True, slots=True)
class StoredStage:
    """The newest change of one service."""

    service: str
    stage: Stage
    percent: int


async def stored_stages(reader: Reader, since: float) -> list[StoredStage]:
    """The newest API change of each service made after ``since`` (epoch seconds). Raises StoreError."""
    known = set(Stage)
    return [
        StoredStage(str(service), Stage(stage), int(percent))
        for service, stage, percent in await reader.query(_NEWEST, {"since": since})
        if stage in known and 0 <= percent <= 100
    ]


class Replay:
    """Waits for each service to appear, since a stage can only be set for one that is known."""

    def __init__(self, stages: list[StoredStage]) -> None:
        self._waiting = {stored.service: stored for stored in stages}

    def step(self, engine: Engine, now: float) -> None:
        """Put in force what can be."""
        for stored in list(self._waiting.values()):
            try:
                engine.set_stage(stored.service, stored.stage, stored.percent, now)
            except UnknownServiceError:
                continue
            except ValueError as error:
                _log.warning("the stored stage of %s is not taken over: %s", stored.service, error)
            del self._waiting[stored.service]
