"""A world in which every route of ours has something to say, and its replies as they were recorded.

``python -m tests.collector.query.recorded`` writes them anew, after a change of the wire that is meant.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

from collector.clickhouse.embedded import EmbeddedStore
from collector.clickhouse.migrate import migrate
from proxy.contract.traffic import Arm
from tests.collector.query.logs.test_records import Log, write
from tests.collector.query.world import NOW_US, ONE, TWO, Calls, Span, World

RECORDED = Path(__file__).parent / "recorded.json"
_A, _B = "a" * 16, "b" * 16
_PAST = {"start": NOW_US - 7_200_000_000, "end": NOW_US - 3_600_000_000}
_ERRORS_Q = "{ status = error } | count() > 0"

# (method, path, query or body)
ASKED: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("GET", "/api/mesh/graph", {}),
    ("GET", "/api/mesh/graph", _PAST),
    ("GET", "/api/mesh/services", {}),
    ("GET", "/api/mesh/endpoints", {}),
    ("GET", "/api/mesh/endpoints", {"service": "reviews", **_PAST}),
    ("GET", "/api/mesh/series", {"service": "reviews", "step": 20}),
    ("GET", "/api/mesh/latency", {"source": "frontend", "target": "reviews"}),
    ("GET", "/api/mesh/decisions", {"limit": 5}),
    ("PUT", "/api/mesh/stages", {"service": "reviews", "stage": "route", "percent": 50, "by": "Ada"}),
    ("GET", "/api/mesh/stages", {}),
    ("GET", "/api/mesh/graph/diff", {"start": NOW_US - 60_000_000}),
    ("GET", "/api/mesh/blame", {"limit": 3}),
    ("GET", "/api/mesh/service/reviews", {"step": 900}),
    ("GET", "/api/mesh/search", {"lookback": "2h", "order": "duration", "limit": 3}),
    ("GET", "/api/mesh/search", {"lookback": "2h", "q": _ERRORS_Q, "limit": 2}),
    ("GET", "/api/mesh/search/different", {"selection": "errors", "lookback": "2h", "sample": 10}),
    ("GET", "/api/mesh/aggregate", {"service": "frontend", "operation": "GET /", "lookback": "2h"}),
    ("GET", "/api/mesh/suggest", {"kind": "key", "prefix": "t"}),
    ("GET", "/api/mesh/suggest", {"kind": "operation"}),
    ("GET", "/api/mesh/logs", {"trace": ONE, "limit": 1}),
    ("GET", "/api/mesh/logs", {"service": "frontend", "severity": "info"}),
    ("GET", "/api/mesh/logs/spans", {"trace": ONE}),
    ("GET", "/healthz", {}),
    ("GET", "/readyz", {}),
)


def fill(world: World) -> None:
    """Traces, calls, connections, decisions and logs, all at fixed times."""
    world.join("reviews", 15006, version="v1", zone="a")
    world.join("reviews", 15008, version="v2", zone="b")
    for at in range(50, 5, -5):
        world.hear("frontend", "reviews", at, 20, at % 3, endpoint="127.0.0.1:15006", arm=Arm.DIRECT)
        world.hear("frontend", "reviews", at, 20, 0, endpoint="127.0.0.1:15008", arm=Arm.ROUTED, took=0.05)
        world.step(at)
    world.step()
    world.calls(
        *(Calls("frontend", "reviews", at, 10, 1, endpoint="127.0.0.1:15006") for at in range(60, 7000, 60)),
        Calls("reviews", "database", 4000, 30, 3, "database"),
    )
    spans = [
        Span(
            f"{index + 1:032x}",
            _A,
            at=60.0 * index + 10,
            took=10 + index * 7 % 40,
            status="Error" if index % 4 == 0 else "Unset",
            attributes={"tier": "gold" if index % 4 == 0 else "base"},
        )
        for index in range(40)
    ]
    children = [
        Span(f"{index + 1:032x}", _B, _A, "reviews", "read", at=60.0 * index + 9.99) for index in range(40)
    ]
    world.spans(*spans, *children)
    write(world, Log("first", 20), Log("second", 15, number=17, severity="ERROR"), Log("third", 5, TWO, _B))


def replies(world: World) -> list[dict[str, Any]]:
    """Every request with the status and the JSON of its reply."""
    found = []
    for method, path, given in ASKED:
        body = json.dumps(given).encode() if method == "PUT" else None
        status, text = world.ask(method, path, {} if body else given, body)
        found.append({"asked": [method, path, given], "status": status, "reply": json.loads(text)})
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder))
        database = store.connect()
        migrate(database, 3650)  # nothing of a fixed date may expire
        world = World(database, store)
        fill(world)
        RECORDED.write_text(json.dumps(replies(world), indent=1, ensure_ascii=False) + "\n", "utf-8")
        world.reader.close()
        store.close()


if __name__ == "__main__":
    main()
