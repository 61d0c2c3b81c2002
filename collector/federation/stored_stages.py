"""Stages that were changed over the API or turned back, put in force again after a restart."""

from typing import Final

from collector.clickhouse.reader import Reader
from collector.federation.rows import decision, is_stage
from topology.model import Decision

_NEWEST: Final = """
SELECT toUnixTimestamp64Milli(max(Time)), Service, argMax(Reason, Time), argMax(Evidence, Time)
FROM mesh_decisions
WHERE Kind = 'stage' AND JSONExtractString(Evidence, 'origin') IN ('api', 'guard')
GROUP BY Service
HAVING max(Time) > toDateTime64({since:Float64}, 3)
ORDER BY Service
"""


async def stored_stages(reader: Reader, since: float) -> list[Decision]:
    """The newest change of each service made after ``since`` (epoch seconds). Raises StoreError."""
    rows = await reader.query(_NEWEST, {"since": since})
    made = (decision(at, "stage", service, "", reason, evidence) for at, service, reason, evidence in rows)
    return [each for each in made if is_stage(each)]
