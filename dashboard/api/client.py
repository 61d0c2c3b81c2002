"""Questions to the collector's query API. The only file of the dashboard that does HTTP.

Replies are shared (``replies``), so that ten open dashboards ask as often as one.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast
from urllib.parse import quote

import requests

from dashboard.api.model import (
    Aggregate,
    Blame,
    Bucket,
    Decision,
    Difference,
    Endpoint,
    Exemplar,
    Graph,
    Node,
    Point,
    ServicePage,
    StageView,
)
from dashboard.api.reply_cache import Replies
from dashboard.api.search_replies import Different, Found, LogCounts, Logs, Suggestion
from dashboard.api.trace import Trace, of_jaeger
from proxy.contract.transport.http_session import session

CONNECT_TIMEOUT: Final = 1.0  # seconds
READ_TIMEOUT: Final = 5.0
SEARCH_TIMEOUT: Final = 20.0  # searching and fetching traces reads the store


class ApiError(Exception):
    """The collector gave no usable answer. ``str(error)`` says what happened, ``fix`` what to do.

    ``place`` is (column from 1, length) of what is wrong with a query.
    """

    def __init__(
        self, sentence: str, fix: str, status: int = 0, place: tuple[int, int] | None = None
    ) -> None:
        super().__init__(sentence)
        self.fix = fix
        self.status = status
        self.place = place


class Client:
    """The query API at ``base`` (``http://HOST:PORT``). Every method raises ApiError."""

    def __init__(self, base: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.base = base
        self._session = session()
        self._replies = Replies(clock)

    def ready(self) -> None:
        """Nothing when the collector answers."""
        self._get("/healthz")

    def graph(self, start: int = 0, end: int = 0) -> Graph:
        """The last minute live, or a window in microseconds."""
        return cast(Graph, self._get("/api/mesh/graph", _window(start, end)))

    def difference(self, after: tuple[int, int], before: tuple[int, int]) -> Difference:
        """What changed between two windows, (start, end) in microseconds."""
        asked = {**_window(*after), **_window(*before, "before_")}
        return cast(Difference, self._get("/api/mesh/graph/diff", asked, timeout=SEARCH_TIMEOUT))

    def blame(self, start: int, end: int, limit: int) -> Blame:
        """Where to look first in a window, against the hour before it."""
        asked = {**_window(start, end), "limit": str(limit)}
        return cast(Blame, self._get("/api/mesh/blame", asked, timeout=SEARCH_TIMEOUT))

    def exemplars(self, query: str, start: int, end: int, **order: str) -> list[Exemplar]:
        """Traces that match a TraceQL query, ``order`` and ``limit`` as the API's search takes them."""
        asked = {"q": query, **_window(start, end), **order}
        found = self._get("/api/mesh/search", asked, key="traces", timeout=SEARCH_TIMEOUT)
        return cast(list[Exemplar], found)

    def found(self, asked: Mapping[str, str]) -> Found:
        """One page of a search, asked for as ``/api/mesh/search`` takes it."""
        reply = self._get("/api/mesh/search", asked, timeout=SEARCH_TIMEOUT)
        if not isinstance(reply, dict) or not {"traces", "next", "partial", "window"} <= reply.keys():
            raise self._unreadable()
        return cast(Found, reply)

    def different(self, asked: Mapping[str, str]) -> Different:
        """What tells some traces from the rest, asked for as ``/api/mesh/search/different`` takes it."""
        return cast(Different, self._get("/api/mesh/search/different", asked, timeout=SEARCH_TIMEOUT))

    def suggestions(self, asked: Mapping[str, str]) -> list[Suggestion]:
        """Completions, the more frequent first, asked for as ``/api/mesh/suggest`` takes it."""
        return cast(list[Suggestion], self._get("/api/mesh/suggest", asked, key="suggestions"))

    def behind(self) -> float:
        """For how many seconds what was taken in has waited to be stored; 0 when nothing waits."""
        spool = self._get("/api/mesh/store", key="spool", timeout=SEARCH_TIMEOUT)
        return float(spool.get("oldest_seconds", 0)) if isinstance(spool, dict) else 0.0

    def services(self) -> list[Node]:
        return cast(list[Node], self._get("/api/mesh/services", key="services"))

    def endpoints(self, service: str) -> list[Endpoint]:
        return cast(list[Endpoint], self._get("/api/mesh/endpoints", {"service": service}, key="endpoints"))

    def decisions(self, service: str, limit: int) -> list[Decision]:
        asked = {"service": service, "limit": str(limit)}
        return cast(list[Decision], self._get("/api/mesh/decisions", asked, key="decisions"))

    def stages(self) -> list[StageView]:
        return cast(list[StageView], self._get("/api/mesh/stages", key="stages"))

    def set_stage(self, service: str, stage: str, percent: int, by: str = "") -> StageView:
        """``by`` says who changes it, for the history."""
        body = {"service": service, "stage": stage, "percent": percent, **({"by": by} if by else {})}
        reply = self._ask("PUT", "/api/mesh/stages", {}, READ_TIMEOUT, body)
        self._replies.clear()
        return cast(StageView, reply)

    def service_page(self, service: str, start: int, end: int, step: int) -> ServicePage:
        """All about one service; ``step`` in seconds."""
        asked = {**_window(start, end), "step": str(step)}
        path = f"/api/mesh/service/{quote(service, safe='')}"
        return cast(ServicePage, self._get(path, asked, timeout=SEARCH_TIMEOUT))

    def series(self, of: Mapping[str, str], start: int, end: int, step: int) -> list[Point]:
        """Stats per ``step`` seconds of a ``service``, a ``source`` and ``target``, or an ``endpoint``."""
        asked = {**of, "start": str(start), "end": str(end), "step": str(step)}
        return cast(list[Point], self._get("/api/mesh/series", asked, key="points"))

    def latency(self, of: Mapping[str, str], start: int, end: int) -> list[Bucket]:
        asked = {**of, "start": str(start), "end": str(end)}
        return cast(list[Bucket], self._get("/api/mesh/latency", asked, key="buckets"))

    def trace(self, trace_id: str) -> Trace | None:
        """The trace, or None when the store has none of this id."""
        try:
            # Not shared: a trace may be large, and whoever looks at it holds it anyway.
            reply = self._ask("GET", f"/api/traces/{quote(trace_id, safe='')}", {}, SEARCH_TIMEOUT)
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        found = self._read(reply.get("data") if isinstance(reply, dict) else None)
        return found[0] if found else None

    def aggregate(self, service: str, operation: str, window: tuple[int, int], limit: int) -> Aggregate:
        """Many traces of one operation as one tree; (0, 0) is the API's default window."""
        asked = {"service": service, "operation": operation, **_window(*window), "limit": str(limit)}
        return cast(Aggregate, self._get("/api/mesh/aggregate", asked, timeout=SEARCH_TIMEOUT))

    def logs(self, asked: Mapping[str, str]) -> Logs:
        """One page of log records, asked for as ``/api/mesh/logs`` takes it."""
        reply = self._get("/api/mesh/logs", asked, timeout=SEARCH_TIMEOUT)
        if not isinstance(reply, dict) or not {"logs", "next"} <= reply.keys():
            raise self._unreadable()
        return cast(Logs, reply)

    def log_counts(self, trace_id: str, window: tuple[int, int]) -> LogCounts:
        """How many log records the spans of a trace have."""
        asked = {"trace": trace_id, **_window(*window)}
        return cast(LogCounts, self._get("/api/mesh/logs/spans", asked, timeout=SEARCH_TIMEOUT))

    def transform(self, body: bytes) -> list[dict[str, Any]]:
        """The traces of OTLP JSON in Jaeger's shape; nothing is stored."""
        reply = self._reply(
            "POST", "/api/transform", SEARCH_TIMEOUT, data=body, headers={"Content-Type": "application/json"}
        )
        if not isinstance(reply, dict) or not isinstance(reply.get("data"), list):
            raise self._unreadable()
        return list(reply["data"])

    def download(self, path: str) -> tuple[int, Iterator[bytes]]:
        """Status and body of a reply as it comes, for files too large to hold."""
        try:
            response = self._session.get(
                self.base + path, timeout=(CONNECT_TIMEOUT, SEARCH_TIMEOUT), stream=True
            )
        except requests.exceptions.RequestException:
            raise self._silent() from None
        return response.status_code, response.iter_content(65_536)

    def _traces(self, path: str, parameters: Mapping[str, str]) -> list[Trace]:
        return self._read(self._get(path, parameters, key="data", timeout=SEARCH_TIMEOUT))

    def _read(self, data: Any) -> list[Trace]:
        try:
            return of_jaeger(data)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self._unreadable() from None

    def _get(
        self, path: str, asked: Mapping[str, str] | None = None, key: str = "", timeout: float = READ_TIMEOUT
    ) -> Any:
        parameters = {name: value for name, value in (asked or {}).items() if value}
        name = f"{path}?{sorted(parameters.items())}"
        reply = self._replies.get(name, lambda: self._ask("GET", path, parameters, timeout))
        if not key:
            return reply
        if not isinstance(reply, dict) or key not in reply:
            raise self._unreadable()
        return reply[key] or []

    def _ask(
        self, method: str, path: str, parameters: Mapping[str, str], timeout: float, body: object = None
    ) -> Any:
        return self._reply(method, path, timeout, params=dict(parameters), json=body)

    def _reply(self, method: str, path: str, timeout: float, **request: Any) -> Any:
        try:
            response = self._session.request(
                method, self.base + path, timeout=(CONNECT_TIMEOUT, timeout), **request
            )
        except requests.exceptions.ReadTimeout:
            raise ApiError(
                f"The collector at {self.base} took longer than {timeout:g} s.",
                "Ask for less: a shorter time or fewer traces.",
            ) from None
        except requests.exceptions.RequestException:
            raise self._silent() from None
        try:
            reply = response.json()
        except ValueError:
            raise self._unreadable() from None
        if response.status_code >= 400:
            raise self._refused(reply, response.status_code)
        return reply

    def _refused(self, reply: Any, status: int) -> ApiError:
        errors = reply.get("errors") if isinstance(reply, dict) else None
        text = str(errors[0].get("msg", "")) if isinstance(errors, list) and errors else ""
        fix = "Change the request and try again." if status < 500 else "Look at the collector's log."
        return ApiError(text or f"The collector refused with status {status}.", fix, status, _place(reply))

    def _silent(self) -> ApiError:
        return ApiError(
            f"The collector at {self.base} does not answer.",
            "Start it with spanmesh up, or name another one with --api.",
        )

    def _unreadable(self) -> ApiError:
        return ApiError(
            f"What answers at {self.base} does not speak spanmesh's query API.",
            "Point --api at a collector of this version (port 16686 by default).",
        )


def _place(reply: Any) -> tuple[int, int] | None:
    where = reply.get("error") if isinstance(reply, dict) else None
    if not isinstance(where, dict) or not isinstance(where.get("column"), int):
        return None
    return where["column"], int(where.get("length") or 1)


def _window(start: int, end: int, prefix: str = "") -> dict[str, str]:
    return {f"{prefix}start": str(start), f"{prefix}end": str(end)} if end else {}
