"""Stages that were set over the API or turned back by the guard, to put in force again after a restart."""

from collector.clickhouse.reader import Reader
from collector.control.mesh_rows import read_decision
from collector.federation import queries
from collector.federation.remote_decisions import ORIGINS, is_shared_stage
from proxy.contract.decisions.kinds import DecisionKind
from topology.model.decisions import Decision


async def stored_stages(reader: Reader, since: float) -> list[Decision]:
    """Return the newest change of each service made after ``since`` (epoch seconds). Raises StoreError."""
    # ``since`` is when mesh.yaml was written: a file that is newer than a change over the API overrules it.
    kind = DecisionKind.STAGE
    rows = await reader.query(queries.STAGES, {"kind": kind, "origins": list(ORIGINS), "since": since})
    made = (read_decision(at, kind, service, "", reason, evidence) for at, service, reason, evidence in rows)
    return [each for each in made if is_shared_stage(each)]
