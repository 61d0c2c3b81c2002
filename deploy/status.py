"""``spanmesh status``: services and endpoints as a table."""

from typing import Any

from rich.console import Group
from rich.table import Table

from deploy import api


def fetch(base: str) -> dict[str, Any]:
    """Services and endpoints as the query API gives them. Raises ApiError."""
    return {
        "services": api.get(base, "/api/mesh/services")["services"],
        "endpoints": api.get(base, "/api/mesh/endpoints")["endpoints"],
    }


def tables(status: dict[str, Any]) -> Group:
    """Both lists as tables for a terminal."""
    return Group(_services(status["services"]), _endpoints(status["endpoints"]))


def _services(rows: list[dict[str, Any]]) -> Table:
    table = Table("service", "kind", "stage", title="services", title_justify="left")
    for heading in ("endpoints", "ejected", "rate", "success", "p50", "p99"):
        table.add_column(heading, justify="right")
    for row in sorted(rows, key=lambda each: each["name"]):
        stage = row["stage"] + (f" {row['percent']} %" if row["stage"] == "route" else "")
        table.add_row(
            row["name"], row["kind"], stage if row["sidecar"] else "-",
            str(row["endpoints"]), str(row["ejected"]), *_traffic(row),
        )  # fmt: skip
    return table


def _endpoints(rows: list[dict[str, Any]]) -> Table:
    table = Table("service", "endpoint", "version", "state", title="endpoints", title_justify="left")
    for heading in ("weight", "open", "rate", "success", "p50", "p99"):
        table.add_column(heading, justify="right")
    table.add_column("why")
    for row in sorted(rows, key=lambda each: (each["service"], each["address"])):
        table.add_row(
            row["service"], row["address"], row["version"], row["state"], f"{row['weight']:.2f}",
            str(row["open"]), *_traffic(row), row["reason"],
        )  # fmt: skip
    return table


def _traffic(row: dict[str, Any]) -> tuple[str, str, str, str]:
    success = "-" if row["success"] is None else f"{100 * row['success']:.2f} %"
    return f"{row['rate']:.1f}/s", success, _ms(row["p50"]), _ms(row["p99"])


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} ms"
