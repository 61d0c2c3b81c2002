"""OTLP over HTTP: POST /v1/traces, /v1/metrics and /v1/logs, protobuf and JSON."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message

from collector.ingest.pipeline import Ingest, Parser
from collector.otlp.body import from_json, from_protobuf
from collector.receive.answer import (
    ContentTypeError,
    count_request,
    failure,
    logs_reply,
    metrics_reply,
    trace_reply,
)
from collector.receive.body import read
from collector.stats import Stats

_log = logging.getLogger(__name__)

_PROTOBUF: Final = "application/x-protobuf"
_JSON: Final = "application/json"
_PARSERS: Final[dict[str, Parser[Any]]] = {_PROTOBUF: from_protobuf, _JSON: from_json}

Take = Callable[[bytes, Parser[Any]], Awaitable[Message]]


class OtlpHttp:
    """The receiver of OTLP over HTTP: the handlers of one aiohttp application."""

    def __init__(self, ingest: Ingest, stats: Stats, max_request_bytes: int) -> None:
        self._ingest = ingest
        self._stats = stats
        self._limit = max_request_bytes

    def application(self) -> web.Application:
        """Return the application; its runner leaves bodies compressed (``auto_decompress=False``)."""
        app = web.Application()
        app.router.add_post("/v1/traces", self._traces)
        app.router.add_post("/v1/metrics", self._metrics)
        app.router.add_post("/v1/logs", self._logs)
        return app

    async def _traces(self, request: web.Request) -> web.Response:
        async def take(body: bytes, parse: Parser[Any]) -> Message:
            return trace_reply(await self._ingest.traces(body, parse))

        return await self._export(request, "traces", take)

    async def _metrics(self, request: web.Request) -> web.Response:
        async def take(body: bytes, parse: Parser[Any]) -> Message:
            return metrics_reply(await self._ingest.metrics(body, parse))

        return await self._export(request, "metrics", take)

    async def _logs(self, request: web.Request) -> web.Response:
        async def take(body: bytes, parse: Parser[Any]) -> Message:
            return logs_reply(await self._ingest.logs(body, parse))

        return await self._export(request, "logs", take)

    async def _export(self, request: web.Request, signal: str, take: Take) -> web.Response:
        # Stays if the sender hangs up: CancelledError is no Exception, so only ``finally`` runs.
        outcome, size = "cancelled", 0
        kind = request.content_type
        try:
            if kind not in _PARSERS:
                raise ContentTypeError(f"Content-Type {kind[:80]!r} is not {_PROTOBUF} or {_JSON}")
            body = await read(request, self._limit)
            size = len(body)
            reply = await take(body, _PARSERS[kind])
            outcome = "accepted"
            return _reply(kind, 200, reply)
        except Exception as error:
            problem = failure(error)
            outcome = problem.outcome
            if outcome == "defect":
                _log.exception("a %s request failed", signal)
            headers = {"Retry-After": str(problem.retry_after)} if problem.retry_after else {}
            return _reply(kind, problem.http, problem.status(), headers)
        finally:
            count_request(self._stats, signal, "http", outcome, size)


def _reply(kind: str, status: int, message: Message, headers: dict[str, str] | None = None) -> web.Response:
    """Return the message in the encoding of the request; in JSON for one in neither."""
    if kind == _PROTOBUF:
        return web.Response(
            body=message.SerializeToString(), status=status, content_type=_PROTOBUF, headers=headers
        )
    return web.Response(
        text=MessageToJson(message, indent=None), status=status, content_type=_JSON, headers=headers
    )
