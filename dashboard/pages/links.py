"""URLs of views. Names may hold anything, so every one is written and read here."""

from collections.abc import Collection
from urllib.parse import parse_qs, quote, urlencode

from dashboard.query import TraceQuery


def topology(*selected: str) -> str:
    """The graph with a node (one name) or an edge (caller, callee) selected."""
    if len(selected) == 1:
        return "/?" + urlencode({"node": selected[0]})
    return "/?" + urlencode({"from": selected[0], "to": selected[1]}) if selected else "/"


def selection(search: str | None) -> tuple[str, ...]:
    """What ``topology`` wrote: () or (node,) or (caller, callee)."""
    given = _given(search)
    if "node" in given:
        return (given["node"],)
    return (given["from"], given["to"]) if {"from", "to"} <= given.keys() else ()


def traces(query: TraceQuery) -> str:
    return "/traces" + query.search()


def trace(trace_id: str, span: str = "", first: int = 0) -> str:
    given = {key: value for key, value in (("span", span), ("first", first)) if value}
    return f"/traces/{quote(trace_id, safe='')}" + ("?" + urlencode(given) if given else "")


def in_trace(search: str | None) -> tuple[str, int]:
    """(selected span id, first row shown) of a trace page."""
    given = _given(search)
    first = given.get("first", "")
    return given.get("span", ""), int(first) if first.isdigit() and len(first) < 9 else 0


def balancing(service: str = "") -> str:
    return "/balancing" + ("?" + urlencode({"service": service}) if service else "")


def service(search: str | None) -> str:
    return _given(search).get("service", "")


def service_page(name: str, span: int = 0) -> str:
    """All about one service; ``span`` is the length of the window in seconds."""
    return f"/service/{quote(name, safe='')}" + ("?" + urlencode({"span": span}) if span else "")


def span(search: str | None, known: Collection[int], default: int) -> int:
    """The window of a service page, one of the known ones."""
    given = _given(search).get("span", "")
    return int(given) if given.isascii() and given.isdigit() and int(given[:12]) in known else default


def _given(search: str | None) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs((search or "").lstrip("?")).items()}
