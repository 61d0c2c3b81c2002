"""``spanmesh status``: services and endpoints as a table."""

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from deploy import api


def fetch(base: str) -> dict[str, Any]:
    """Services and endpoints as the query API gives them. Raises ApiError."""
    return {
        "services": api.get(base, "/api/mesh/services")["services"],
        "endpoints": api.get(base, "/api/mesh/endpoints")["endpoints"],
    }


def tables(status: dict[str, Any]) -> Group:
    """Both lists as tables for a terminal."""
    endpoints = status["endpoints"]
    return Group(_services(status["services"]), "", _endpoints(endpoints), *_reasons(endpoints))


def _services(rows: list[dict[str, Any]]) -> Table:
    table = _table("services", ("service", "kind", "stage"), ("up", "ejected"))
    for row in sorted(rows, key=lambda each: each["name"]):
        stage = row["stage"] + (f" {row['percent']}%" if row["stage"] == "route" else "")
        table.add_row(
            row["name"], row["kind"], stage if row["sidecar"] else "-",
            str(row["endpoints"]), str(row["ejected"]), *_traffic(row),
        )  # fmt: skip
    return table


def _endpoints(rows: list[dict[str, Any]]) -> Table:
    table = _table("endpoints", ("service", "endpoint", "state"), ("weight", "open"))
    for row in sorted(rows, key=lambda each: (each["service"], each["address"])):
        weight, pending = f"{row['weight']:.2f}", str(row["open"])
        table.add_row(row["service"], row["address"], row["state"], weight, pending, *_traffic(row))
    return table


def _reasons(rows: list[dict[str, Any]]) -> list[Text]:
    """Why an endpoint is not simply healthy: sentences, too long for a column."""
    return [Text(f"{row['service']}: {row['reason']}") for row in rows if row["reason"]]


def _table(title: str, words: tuple[str, ...], numbers: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 1, 0, 0))
    for heading in words:
        table.add_column(heading, no_wrap=True)
    for heading in (*numbers, "rate/s", "success", "p50 ms", "p99 ms"):
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _traffic(row: dict[str, Any]) -> tuple[str, str, str, str]:
    success = "-" if row["success"] is None else f"{100 * row['success']:.2f}%"
    return f"{row['rate']:.1f}", success, _ms(row["p50"]), _ms(row["p99"])


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
