"""Zipkin over HTTP: POST /api/v2/spans, JSON and protobuf, with the answers of Zipkin's own server.

Source: openzipkin/zipkin-api, zipkin2-api.yaml: 202 without a body when the spans are taken, else
the reason as plain text. Other than Zipkin, 202 means that the spans are durable.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from collector.formats import zipkin
from collector.formats.zipkin_json import from_json
from collector.otlp.values import Refusals
from collector.receive import body
from collector.receive.answer import count_request, failure
from collector.stats import Stats

_log = logging.getLogger(__name__)

_PROTOBUF: Final = "application/x-protobuf"
# Larger bodies are converted in a thread, so that the mesh's own step need not wait for them.
_INLINE_BYTES: Final = 64 * 1024

# The bytes of an OTLP ExportTraceServiceRequest to what of it was left out, once the rest is durable.
Take = Callable[[bytes], Awaitable[Refusals]]


class Zipkin:
    """The receiver of Zipkin spans: the handler of one aiohttp application.

    ``traces`` takes an OTLP request; ``clock`` gives nanoseconds since the epoch.
    """

    def __init__(self, traces: Take, stats: Stats, max_request_bytes: int, clock: Callable[[], int]) -> None:
        self._traces = traces
        self._stats = stats
        self._limit = max_request_bytes
        self._clock = clock

    def application(self) -> web.Application:
        """Return the application; its runner leaves bodies compressed (``auto_decompress=False``)."""
        app = web.Application()
        app.router.add_post("/api/v2/spans", self._spans)
        return app

    async def _spans(self, request: web.Request) -> web.Response:
        # Stays if the sender hangs up: CancelledError is no Exception, so only ``finally`` runs.
        outcome, size = "cancelled", 0
        try:
            content = await body.read(request, self._limit)
            size = len(content)
            reply = await self._take(content, request.content_type == _PROTOBUF)
            outcome = "accepted"
            return reply
        except Exception as error:
            problem = failure(error)
            outcome = problem.outcome
            if outcome == "defect":
                _log.exception("a Zipkin request failed")
            headers = {"Retry-After": str(problem.retry_after)} if problem.retry_after else {}
            return web.Response(status=problem.http, text=f"{problem.message}\n", headers=headers)
        finally:
            count_request(self._stats, "traces", "zipkin", outcome, size)

    async def _take(self, content: bytes, is_protobuf: bool) -> web.Response:
        """Take the spans of a body; return the answer. Raises MalformedError and what ``traces`` raises."""
        arrived = self._clock()

        unreadable = Refusals()

        def convert() -> tuple[int, bytes]:
            spans = zipkin.from_protobuf(content) if is_protobuf else from_json(content, unreadable)
            return len(spans.spans), zipkin.convert(spans, arrived).SerializeToString()

        count, converted = convert() if len(content) <= _INLINE_BYTES else await asyncio.to_thread(convert)
        refused = await self._traces(converted)
        for reason, lost in unreadable.reasons.items():
            self._stats.count("spanmesh_refused_total", lost, signal="traces", reason=reason)
        refused.merge(unreadable)
        count += unreadable.count
        if not refused.count:
            return web.Response(status=202)
        # Zipkin takes a whole request or nothing; here the good spans of it are kept.
        text = f"{refused.count} of {count} spans were left out: {refused.message}\n"
        return web.Response(status=202 if refused.count < count else 400, text=text)
