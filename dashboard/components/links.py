"""URLs of the dashboard's views, written and parsed in one place since names may hold anything."""

from collections.abc import Collection
from urllib.parse import parse_qs, quote, urlencode


def topology(*selected: str) -> str:
    """Return the URL of the graph with a node (one name) or an edge (caller, callee) selected."""
    if len(selected) == 1:
        return "/?" + urlencode({"node": selected[0]})
    return "/?" + urlencode({"from": selected[0], "to": selected[1]}) if selected else "/"


def parse_selection(search: str | None) -> tuple[str, ...]:
    """Parse the selection of the graph's URL: () or (node,) or (caller, callee)."""
    given = _given(search)
    if "node" in given:
        return (given["node"],)
    return (given["from"], given["to"]) if {"from", "to"} <= given.keys() else ()


def traces(search: str = "") -> str:
    """Return the URL of the search; ``search`` is what ``dashboard.search.search_url`` writes, "" the
    recent traces.
    """
    return "/traces" + search


def trace(trace_id: str, span: str = "", **view: str) -> str:
    """Return the URL of a trace with a span selected; ``view`` is what the page's script writes (tab, find,
    sort, zoom).
    """
    given = {key: value for key, value in {"span": span, **view}.items() if value}
    return f"/traces/{quote(trace_id, safe='')}" + ("?" + urlencode(given) if given else "")


def parse_trace(search: str | None) -> tuple[str, str]:
    """Parse (selected span id, text searched for) of a trace page's URL."""
    given = _given(search)
    return given.get("span", ""), given.get("find", "")


def compare(before: str, after: str = "") -> str:
    """Return the URL that compares two traces; without the second the page asks for it."""
    given = {key: value for key, value in (("a", before), ("b", after)) if value}
    return "/compare" + ("?" + urlencode(given) if given else "")


def parse_compare(search: str | None) -> tuple[str, str]:
    """Parse the two trace ids of a comparison's URL."""
    given = _given(search)
    return given.get("a", "").strip(), given.get("b", "").strip()


def aggregate(service: str, operation: str, window: tuple[int, int] = (0, 0)) -> str:
    """Return the URL of many traces of an operation; the window is in microseconds, (0, 0) the last hour."""
    given = {"service": service, "operation": operation}
    if window[1]:
        given |= {"start": str(window[0]), "end": str(window[1])}
    return "/aggregate?" + urlencode(given)


def parse_aggregate(search: str | None) -> tuple[str, str, tuple[int, int]]:
    """Parse an aggregate's URL; an invalid window counts as not given."""
    given = _given(search)
    start, end = (_whole(given.get(key, "")) for key in ("start", "end"))
    window = (start, end) if 0 < start < end else (0, 0)
    return given.get("service", ""), given.get("operation", ""), window


def _whole(text: str) -> int:
    # isdigit alone takes digits of other scripts; 17 digits are enough for microseconds and fit the API's
    # numbers.
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def balancing(service: str = "") -> str:
    return "/balancing" + ("?" + urlencode({"service": service}) if service else "")


def service(search: str | None) -> str:
    return _given(search).get("service", "")


def service_page(name: str, span: int = 0) -> str:
    """Return the URL of a service's page; ``span`` is the length of the window in seconds."""
    return f"/service/{quote(name, safe='')}" + ("?" + urlencode({"span": span}) if span else "")


def span(search: str | None, known: Collection[int], default: int) -> int:
    """Parse the window of a service page, one of the known ones."""
    given = _given(search).get("span", "")
    return int(given) if given.isascii() and given.isdigit() and int(given[:12]) in known else default


def _given(search: str | None) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs((search or "").lstrip("?")).items()}
