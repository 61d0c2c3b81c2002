"""The status table fits a terminal of 80 columns and says why an endpoint is out."""

from rich.console import Console

from deploy.cli import status
from proxy.contract.api.graph import Endpoint, Node, Stats
from proxy.contract.api.storage import Storage

TRAFFIC: Stats = {
    "count": 9000,
    "errors": 12,
    "rate": 1234.5,
    "success": 0.9987,
    "p50": 101.25,
    "p90": 900.5,
    "p99": 1203.5,
}
QUIET: Stats = {"count": 0, "errors": 0, "rate": 0.0, "success": None, "p50": None, "p90": None, "p99": None}
SERVICE: Node = {
    "name": "reviews",
    "kind": "service",
    "sidecar": True,
    "stage": "route",
    "percent": 100,
    "endpoints": 3,
    "ejected": 1,
    "versions": ["v1"],
    "zones": [],
    "namespaces": [],
    **TRAFFIC,
}
ENDPOINT: Endpoint = {
    "service": "reviews",
    "address": "127.0.0.1:40001",
    "state": "ejected",
    "weight": 0.1,
    "open": 2,
    "reason": "failed 9 of 9 requests in 5 s, its peers 0 of 20",
    "app": "127.0.0.1:9080",
    "instance": "reviews-1",
    "version": "v1",
    "zone": "",
    "origin": "sidecar",
    "oldest": 0.0,
    "ejected_since": 1_768_435_200_000_000,
    "ejected_until": None,
    **TRAFFIC,
}
EMPTY: Storage = {"tables": [], "disk": {"free": 1, "total": 2}, "spool": {}}


def shown(services: list[Node], endpoints: list[Endpoint]) -> str:
    console = Console(width=80, record=True, file=None, quiet=False)
    with console.capture() as capture:
        console.print(status.tables({"services": services, "endpoints": endpoints, "store": EMPTY}))
    return capture.get()


def test_everything_fits_eighty_columns() -> None:
    text = shown([SERVICE], [ENDPOINT])
    assert "…" not in text
    for part in ("reviews", "route 100%", "127.0.0.1:40001", "ejected", "99.87%", "1203.5"):
        assert part in text


def test_the_reason_of_an_ejection_is_told() -> None:
    assert "reviews: failed 9 of 9 requests in 5 s" in shown([], [ENDPOINT])


def test_without_traffic_nothing_is_claimed() -> None:
    row = next(line for line in shown([{**SERVICE, **QUIET}], []).splitlines() if "reviews" in line)
    assert row.split()[-3:] == ["-", "-", "-"]


STORE: Storage = {
    "tables": [
        {
            "name": "otel_metrics_exponential_histogram",
            "rows": 12_345_678,
            "bytes": 5 << 30,
            "parts": 12,
            "oldest": 1_768_435_200,
        },
        {"name": "mesh_decisions", "rows": 0, "bytes": 512, "parts": 1, "oldest": None},
    ],
    "disk": {"free": 50 << 30, "total": 100 << 30},
    "spool": {"bytes": 3 << 20, "segments": 1, "oldest_seconds": 7, "lost_bytes": 0},
}


def test_what_is_stored_is_told() -> None:
    console = Console(width=80, record=True, file=None, quiet=False)
    with console.capture() as capture:
        console.print(status.tables({"services": [], "endpoints": [], "store": STORE}))
    text = capture.get()
    assert "…" not in text
    for part in (
        "12,345,678",
        "5.0 GiB",
        "2026-01-15 00:00",
        "512 B",
        "disk: 50.0 GiB of 100.0 GiB free",
        "spool: 3.0 MiB wait to be stored, the oldest for 7 s",
    ):
        assert part in text
