"""What the statements read, on a real engine."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from collector.clickhouse.database import Database, Store
from collector.clickhouse.reader import Reader
from collector.control.mesh_rows import decision_columns, edge_columns
from collector.federation import queries
from collector.federation.members import OwnMembers
from proxy.contract.decisions.kinds import DecisionKind
from tests.collector.made import edge, ejection, stage_decision

NOW = float(int(time.time()))
NOBODY = {"spans": [""], "spans_since": [0], "names": [""], "names_since": [0]}


def rows(store: Store, sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    async def run() -> list[tuple[Any, ...]]:
        reader = Reader(store)
        try:
            return [tuple(row) for row in await reader.query(sql, parameters)]
        finally:
            reader.close()

    return asyncio.run(run())


def test_own_rows_are_left_out_and_a_known_newest_row_is_where_reading_goes_on(
    database: Database, store: Store
) -> None:
    now = int(NOW)
    for name in ("A", "B"):
        database.insert("mesh_edges", edge_columns([edge(now - 9), edge(now - 3)], name))
    asked = {"own": "B", "since": now - 60, **NOBODY}
    assert [(row[0], row[6]) for row in rows(store, queries.EDGES, asked)] == [(now - 3, "A"), (now - 9, "A")]
    known = {**asked, "names": ["A"], "names_since": [now - 9]}
    assert [row[0] for row in rows(store, queries.EDGES, known)] == [now - 3]


def test_decisions_are_of_the_asked_kinds_in_order_of_time(database: Database, store: Store) -> None:
    made = [stage_decision(NOW - 1, "back", "route", 30), ejection(NOW - 2, "back", "b:1", NOW + 3)]
    database.insert("mesh_decisions", decision_columns(made, "A"))
    asked = {"own": "B", "since": NOW - 60, "kinds": [DecisionKind.EJECT, DecisionKind.STAGE]}
    assert [row[2] for row in rows(store, queries.DECISIONS, asked)] == ["eject", "stage"]
    assert [row[2] for row in rows(store, queries.DECISIONS, {**asked, "kinds": ["stage"]})] == ["stage"]
    assert rows(store, queries.DECISIONS, {**asked, "own": "A"}) == []


def test_the_newest_stage_of_a_service_is_of_the_asked_origins(database: Database, store: Store) -> None:
    made = [
        stage_decision(NOW - 3, "back", "route", 30),
        stage_decision(NOW - 2, "back", "route", 40, "guard"),
        stage_decision(NOW - 1, "back", "route", 50, "mesh.yaml"),
    ]
    database.insert("mesh_decisions", decision_columns(made, "A"))
    asked = {"kind": "stage", "since": 0.0, "origins": ["api", "guard"]}
    ((milliseconds, service, *_),) = rows(store, queries.STAGES, asked)
    assert (milliseconds, service) == ((NOW - 2) * 1000, "back")
    assert rows(store, queries.STAGES, {**asked, "since": NOW}) == []


def test_members_come_with_who_stored_them(database: Database, store: Store) -> None:
    database.insert("mesh_members", OwnMembers("A", "run-1").columns({}, 0.0))
    ((_, collector, run, service, present, *_),) = rows(store, queries.MEMBERS, {"back": 25_000})
    assert (collector, run, service, bool(present)) == ("A", "run-1", "", False)
