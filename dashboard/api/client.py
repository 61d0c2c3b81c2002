"""The client of the collector's query API, the only module of the dashboard that does HTTP.

Replies are parsed by the routes that ``proxy.contract.api`` declares, and shared (``reply_cache``), so that
ten open dashboards ask as often as one.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import quote

import requests

from dashboard.api.reply_cache import Replies
from dashboard.api.trace import Trace, of_jaeger
from proxy.contract.api import mesh_routes, routes, trace_routes
from proxy.contract.api.analysis import AggregatedTraces, AttributeComparison, GraphDifference, Suspects
from proxy.contract.api.decisions import Decision, StageChange, StageView
from proxy.contract.api.graph import Bucket, Endpoint, Graph, Node, Point, ServicePage
from proxy.contract.api.route import Route
from proxy.contract.api.search import LogCounts, LogPage, Suggestion, TraceLine, TracePage
from proxy.contract.transport.http_session import session

# Short: the collector is near, and a page that waits takes one of few threads (``dashboard.app``).
CONNECT_TIMEOUT: Final = 1.0  # seconds
READ_TIMEOUT: Final = 5.0
SEARCH_TIMEOUT: Final = 20.0  # searching and fetching traces reads the store

Reply = TypeVar("Reply")


class ApiError(Exception):
    """The collector gave no usable answer. ``str(error)`` says what happened, ``fix`` what to do.

    ``position`` is (column from 1, length) of what is wrong with a query.
    """

    def __init__(
        self, sentence: str, fix: str, status: int = 0, position: tuple[int, int] | None = None
    ) -> None:
        super().__init__(sentence)
        self.fix = fix
        self.status = status
        self.position = position


class Client:
    """The query API at ``base`` (``http://HOST:PORT``). Every method raises ApiError."""

    def __init__(self, base: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.base = base
        # One for all threads: it keeps connections open between requests.
        self._session = session()
        self._replies = Replies(clock)

    def ready(self) -> None:
        """Return when the collector answers."""
        self._get(routes.ALIVE)

    def graph(self, start: int = 0, end: int = 0) -> Graph:
        """Return the graph of the last minute, live, or of a window in microseconds."""
        return self._get(mesh_routes.GRAPH, _window(start, end))

    def difference(self, after: tuple[int, int], before: tuple[int, int]) -> GraphDifference:
        """Return what changed between two windows, (start, end) in microseconds."""
        parameters = {**_window(*after), **_window(*before, "before_")}
        return self._get(mesh_routes.DIFFERENCE, parameters, SEARCH_TIMEOUT)

    def suspects(self, start: int, end: int, limit: int) -> Suspects:
        """Return where to look first in a window, compared with the hour before it."""
        return self._get(mesh_routes.SUSPECTS, {**_window(start, end), "limit": str(limit)}, SEARCH_TIMEOUT)

    def exemplars(self, query: str, start: int, end: int, **order: str) -> list[TraceLine]:
        """Return traces that match a TraceQL query; ``order`` and ``limit`` are those of a search."""
        return self.search({"q": query, **_window(start, end), **order})["traces"]

    def search(self, parameters: Mapping[str, str]) -> TracePage:
        """Return one page of a search; the parameters are those of ``/api/mesh/search``."""
        return self._get(trace_routes.SEARCH, parameters, SEARCH_TIMEOUT)

    def compare_attributes(self, parameters: Mapping[str, str]) -> AttributeComparison:
        """Return the attributes that tell some traces from the rest; the parameters are those of
        ``/api/mesh/search/different``."""
        return self._get(trace_routes.ATTRIBUTES, parameters, SEARCH_TIMEOUT)

    def suggestions(self, parameters: Mapping[str, str]) -> list[Suggestion]:
        """Return completions, the more frequent first; the parameters are those of ``/api/mesh/suggest``."""
        return self._get(trace_routes.SUGGEST, parameters)["suggestions"]

    def oldest_unstored(self) -> float:
        """Return for how many seconds what was taken in has waited to be stored; 0 when nothing waits."""
        return float(self._get(routes.STORAGE, timeout=SEARCH_TIMEOUT)["spool"].get("oldest_seconds", 0))

    def services(self) -> list[Node]:
        """Return the nodes of the graph, as they are now."""
        return self._get(mesh_routes.SERVICES)["services"]

    def endpoints(self, service: str) -> list[Endpoint]:
        """Return the endpoints of a service, with the traffic of the last minute."""
        return self._get(mesh_routes.ENDPOINTS, {"service": service})["endpoints"]

    def decisions(self, service: str, limit: int) -> list[Decision]:
        """Return the newest decisions about a service, newest first."""
        parameters = {"service": service, "limit": str(limit)}
        return self._get(mesh_routes.DECISIONS, parameters)["decisions"]

    def stages(self) -> list[StageView]:
        """Return the stage of every service."""
        return self._get(mesh_routes.STAGES)["stages"]

    def set_stage(self, service: str, stage: str, percent: int, by: str = "") -> StageView:
        """Set the stage of a service; ``by`` says who changes it, for the history."""
        body: StageChange = {"service": service, "stage": stage, "percent": percent}
        if by:
            body["by"] = by
        route = mesh_routes.SET_STAGE
        reply = self._parsed(route, self._request(route.method, route.path, READ_TIMEOUT, json=body))
        # The pages must show the new stage with their next request, not a reply from before it.
        self._replies.clear()
        return reply

    def service_page(self, service: str, start: int, end: int, step: int) -> ServicePage:
        """Return all about one service; ``step`` in seconds."""
        parameters = {**_window(start, end), "step": str(step)}
        return self._get(mesh_routes.SERVICE, parameters, SEARCH_TIMEOUT, service=service)

    def series(self, of: Mapping[str, str], start: int, end: int, step: int) -> list[Point]:
        """Return the traffic of each ``step`` seconds of a ``service``, a ``source`` and ``target``, or an
        ``endpoint``."""
        parameters = {**of, "start": str(start), "end": str(end), "step": str(step)}
        return self._get(mesh_routes.SERIES, parameters)["points"]

    def latency(self, of: Mapping[str, str], start: int, end: int) -> list[Bucket]:
        """Return the distribution of latency of the same calls as ``series``."""
        return self._get(mesh_routes.LATENCY, {**of, "start": str(start), "end": str(end)})["buckets"]

    def trace(self, trace_id: str) -> Trace | None:
        """Return the trace, or None when the store has none of this id."""
        try:
            # Not shared: a trace may be large, and whoever looks at it holds it anyway.
            body = self._request("GET", f"/api/traces/{quote(trace_id, safe='')}", SEARCH_TIMEOUT)
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        try:
            traces = of_jaeger(_jaeger_data(body))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self._unreadable() from None
        return traces[0] if traces else None

    def aggregate(
        self, service: str, operation: str, window: tuple[int, int], limit: int
    ) -> AggregatedTraces:
        """Return many traces of one operation as one tree; (0, 0) is the API's default window."""
        parameters = {"service": service, "operation": operation, **_window(*window), "limit": str(limit)}
        return self._get(trace_routes.AGGREGATE, parameters, SEARCH_TIMEOUT)

    def logs(self, parameters: Mapping[str, str]) -> LogPage:
        """Return one page of log records; the parameters are those of ``/api/mesh/logs``."""
        return self._get(trace_routes.LOGS, parameters, SEARCH_TIMEOUT)

    def log_counts(self, trace_id: str, window: tuple[int, int]) -> LogCounts:
        """Return how many log records the spans of a trace have."""
        return self._get(trace_routes.LOG_COUNTS, {"trace": trace_id, **_window(*window)}, SEARCH_TIMEOUT)

    def transform(self, body: bytes) -> list[dict[str, Any]]:
        """Return the traces of OTLP JSON in Jaeger's shape; nothing is stored."""
        reply = self._request(
            "POST", "/api/transform", SEARCH_TIMEOUT, data=body, headers={"Content-Type": "application/json"}
        )
        try:
            return list(_jaeger_data(reply))
        except (TypeError, ValueError):
            raise self._unreadable() from None

    def download(self, path: str) -> tuple[int, Iterator[bytes]]:
        """Return status and body of a reply as it comes, for files too large to hold."""
        try:
            response = self._session.get(
                self.base + path, timeout=(CONNECT_TIMEOUT, SEARCH_TIMEOUT), stream=True
            )
        except requests.exceptions.RequestException:
            raise self._silent() from None
        return response.status_code, response.iter_content(65_536)

    def _get(
        self,
        route: Route[Reply],
        parameters: Mapping[str, str] | None = None,
        timeout: float = READ_TIMEOUT,
        **path: str,
    ) -> Reply:
        """Return the reply of a GET route, parsed and shared; ``path`` are the parts of its path."""
        # An empty parameter means the default, so it is left out.
        given = {name: value for name, value in (parameters or {}).items() if value}
        target = route.path.format(**{name: quote(part, safe="") for name, part in path.items()})

        def ask() -> Reply:
            return self._parsed(route, self._request("GET", target, timeout, params=given))

        # Sorted, so that equal requests have one name whatever order a page gives its parameters in.
        reply: Reply = self._replies.get(f"{target}?{sorted(given.items())}", ask)
        return reply

    def _parsed(self, route: Route[Reply], body: bytes) -> Reply:
        try:
            return route.parse(body)
        except ValueError:
            raise self._unreadable() from None

    def _request(self, method: str, target: str, timeout: float, **request: Any) -> bytes:
        """Return the body of a successful reply."""
        try:
            response = self._session.request(
                method, self.base + target, timeout=(CONNECT_TIMEOUT, timeout), **request
            )
        # Before its base class: the collector is there, but the request is too much for it.
        except requests.exceptions.ReadTimeout:
            raise ApiError(
                f"The collector at {self.base} took longer than {timeout:g} s.",
                "Narrow the request: a shorter time or fewer traces.",
            ) from None
        except requests.exceptions.RequestException:
            raise self._silent() from None
        if response.status_code >= 400:
            raise self._refused(response)
        return response.content

    def _refused(self, response: requests.Response) -> ApiError:
        try:
            reply = response.json()
        except ValueError:
            return self._unreadable()
        status = response.status_code
        errors = reply.get("errors") if isinstance(reply, dict) else None
        text = str(errors[0].get("msg", "")) if isinstance(errors, list) and errors else ""
        fix = "Change the request and try again." if status < 500 else "Look at the collector's log."
        return ApiError(text or f"The collector refused with status {status}.", fix, status, _position(reply))

    def _silent(self) -> ApiError:
        return ApiError(
            f"The collector at {self.base} does not answer.",
            "Start it with spanmesh up, or name another one with --api.",
        )

    def _unreadable(self) -> ApiError:
        return ApiError(
            f"The server at {self.base} is not a spanmesh query API.",
            "Point --api at a collector of this version (port 16686 by default).",
        )


def _jaeger_data(body: bytes) -> Any:
    """Return the results in Jaeger's envelope. Raises ValueError for anything else."""
    reply = json.loads(body)
    if not isinstance(reply, dict) or not isinstance(reply.get("data"), list):
        raise ValueError("not Jaeger's envelope")
    return reply["data"]


def _position(reply: Any) -> tuple[int, int] | None:
    where = reply.get("error") if isinstance(reply, dict) else None
    if not isinstance(where, dict) or not isinstance(where.get("column"), int):
        return None
    return where["column"], int(where.get("length") or 1)


def _window(start: int, end: int, prefix: str = "") -> dict[str, str]:
    # No end means the API's default window.
    return {f"{prefix}start": str(start), f"{prefix}end": str(end)} if end else {}
