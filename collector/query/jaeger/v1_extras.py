"""Jaeger's v1 API beside traces: span metrics, conversion of files, the archive."""

from collections.abc import Callable
from typing import Final

from aiohttp import web

from collector.query.bounded_reader import BoundedReader
from collector.query.errors import BadValueError, QueryError
from collector.query.jaeger import span_metrics
from collector.query.jaeger.upload import transformed
from collector.query.replies import envelope, ok, rendered

_UPLOAD_MAX: Final = 64 * 1024 * 1024
_METRICS: Final = "latencies|calls|errors"


class NoArchiveError(QueryError):
    """Do not ask again; Jaeger's own status and words where it has no archive, its clients know them."""

    status = 500


class V1ExtraRoutes:
    """Handlers over the stored spans; ``clock`` gives epoch seconds."""

    def __init__(self, store: BoundedReader, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(f"/api/metrics/{{metric:{_METRICS}}}", self.metrics),
            web.post("/api/transform", self.transform),
            web.post("/api/archive/{trace_id}", self.archive),
        ]

    async def metrics(self, request: web.Request) -> web.Response:
        question = span_metrics.parse_request(
            request.match_info["metric"], request.query, round(self._clock() * 1000)
        )
        rows = await self._store.rows(question.sql())
        return ok(span_metrics.render(question, rows))

    async def transform(self, request: web.Request) -> web.Response:
        body = await _uploaded(request)
        return await rendered(lambda: envelope(transformed(body)))

    async def archive(self, request: web.Request) -> web.Response:
        raise NoArchiveError("archive span storage was not configured")


async def _uploaded(request: web.Request) -> bytes:
    parts, size = [], 0
    async for part in request.content.iter_any():
        size += len(part)
        if size > _UPLOAD_MAX:
            raise BadValueError(f"the file is larger than {_UPLOAD_MAX} bytes: send fewer traces")
        parts.append(part)
    return b"".join(parts)
