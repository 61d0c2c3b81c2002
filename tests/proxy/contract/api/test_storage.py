"""The reply about the store: figures that a collector lacks are left out."""

from pydantic import TypeAdapter

from proxy.contract.api.storage import Spool, Storage


def test_figures_of_the_spool_may_lack() -> None:
    for spool in ({}, {"bytes": 5}, {"bytes": 5, "segments": 1, "oldest_seconds": 2, "lost_bytes": 0}):
        assert TypeAdapter(Spool).validate_python(spool) == spool


def test_a_table_of_unknown_age() -> None:
    table = {"name": "otel_traces", "rows": 1, "bytes": 2, "parts": 3, "oldest": None}
    reply = {"tables": [table], "disk": {"free": 1, "total": 2}, "spool": {}}
    assert TypeAdapter(Storage).validate_python(reply) == reply
