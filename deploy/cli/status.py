"""``spanmesh status``: services, endpoints and what is stored, as tables."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, TypedDict

from rich.console import Group
from rich.table import Table
from rich.text import Text

from deploy import api
from proxy.contract.address import check_base_url
from proxy.contract.api.graph import Endpoint, Node, Stats
from proxy.contract.api.mesh_routes import ENDPOINTS, SERVICES
from proxy.contract.api.routes import STORAGE
from proxy.contract.api.storage import Storage
from proxy.contract.option import Option


@dataclass(frozen=True, kw_only=True)
class StatusConfig:
    """The query API to ask, and the form of the output."""

    api: Annotated[str, Option(help="base URL of the query API", unit="URL", check=check_base_url)] = (
        "http://127.0.0.1:16686"
    )
    json: Annotated[bool, Option(help="print JSON in place of tables")] = False


class Status(TypedDict):
    """The output of ``spanmesh status --json``, in the types of the query API."""

    services: list[Node]
    endpoints: list[Endpoint]
    store: Storage


def fetch(base: str) -> Status:
    """Fetch everything that is shown from the query API. Raises ApiError."""
    return {
        "services": api.ask(base, SERVICES)["services"],
        "endpoints": api.ask(base, ENDPOINTS)["endpoints"],
        "store": api.ask(base, STORAGE),
    }


def tables(status: Status) -> Group:
    """Render everything as tables for a terminal."""
    endpoints, store = status["endpoints"], status["store"]
    return Group(
        _services(status["services"]),
        "",
        _endpoints(endpoints),
        *_reasons(endpoints),
        "",
        _stored(store),
        *_disk(store),
    )


def _services(rows: list[Node]) -> Table:
    table = _table("services", ("service", "kind", "stage"), ("up", "ejected"))
    for row in sorted(rows, key=lambda each: each["name"]):
        stage = row["stage"] + (f" {row['percent']}%" if row["stage"] == "route" else "")
        table.add_row(
            row["name"],
            row["kind"],
            stage if row["sidecar"] else "-",
            str(row["endpoints"]),
            str(row["ejected"]),
            *_traffic(row),
        )
    return table


def _endpoints(rows: list[Endpoint]) -> Table:
    table = _table("endpoints", ("service", "endpoint", "state"), ("weight", "open"))
    for row in sorted(rows, key=lambda each: (each["service"], each["address"])):
        weight, pending = f"{row['weight']:.2f}", str(row["open"])
        table.add_row(row["service"], row["address"], row["state"], weight, pending, *_traffic(row))
    return table


def _reasons(rows: list[Endpoint]) -> list[Text]:
    """Return why endpoints are not healthy, as sentences: they are too long for a column."""
    return [Text(f"{row['service']}: {row['reason']}") for row in rows if row["reason"]]


def _stored(store: Storage) -> Table:
    """Return a table of the tables that hold rows, largest first."""
    table = Table(title="store", title_justify="left", title_style="bold", box=None, padding=(0, 1, 0, 0))
    table.add_column("table", no_wrap=True)
    for heading in ("rows", "disk", "parts", "oldest (UTC)"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in store["tables"]:
        since = row["oldest"]
        oldest = "-" if since is None else f"{datetime.fromtimestamp(since, UTC):%Y-%m-%d %H:%M}"
        table.add_row(row["name"], f"{row['rows']:,}", _bytes(row["bytes"]), str(row["parts"]), oldest)
    return table


def _disk(store: Storage) -> list[Text]:
    """Return sentences on the disk and on the spool."""
    disk, spool = store["disk"], store["spool"]
    lines = [Text(f"disk: {_bytes(disk['free'])} of {_bytes(disk['total'])} free")]
    if spool:
        waits = f"spool: {_bytes(spool.get('bytes', 0))} wait to be stored"
        if spool.get("oldest_seconds"):
            waits += f", the oldest for {spool['oldest_seconds']} s"
        if spool.get("lost_bytes"):
            waits += f"; {_bytes(spool['lost_bytes'])} could not be read"
        lines.append(Text(waits))
    return lines


def _bytes(count: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def _table(title: str, words: tuple[str, ...], numbers: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 1, 0, 0))
    for heading in words:
        table.add_column(heading, no_wrap=True)
    for heading in (*numbers, "rate/s", "success", "p50 ms", "p99 ms"):
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _traffic(row: Stats) -> tuple[str, str, str, str]:
    success = "-" if row["success"] is None else f"{100 * row['success']:.2f}%"
    return f"{row['rate']:.1f}", success, _ms(row["p50"]), _ms(row["p99"])


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
