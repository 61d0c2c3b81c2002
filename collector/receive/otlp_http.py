"""OTLP over HTTP: POST /v1/traces, /v1/metrics and /v1/logs, protobuf and JSON."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

import grpc
from aiohttp import web
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message

from collector.ingest.pipeline import Ingest, Parser
from collector.otlp.body import from_json, from_protobuf
from collector.receive.answer import Failure, failure, logs_reply, metrics_reply, trace_reply
from collector.receive.body import read
from collector.receive.inflate import EncodingError, TooLargeError, UnknownEncodingError
from collector.stats import Stats
from proxy.contract.option import named

_log = logging.getLogger(__name__)

_PROTOBUF: Final = "application/x-protobuf"
_JSON: Final = "application/json"
_PARSERS: Final[dict[str, Parser[Any]]] = {_PROTOBUF: from_protobuf, _JSON: from_json}

Take = Callable[[bytes, Parser[Any]], Awaitable[Message]]


class _Answered(Exception):  # noqa: N818
    """The request was answered before it reached ingest."""

    def __init__(self, outcome: str, http: int, message: str) -> None:
        super().__init__(message)
        self.failure = Failure(outcome, grpc.StatusCode.INVALID_ARGUMENT, http, message)


class OtlpHttp:
    """The handlers of one aiohttp application."""

    def __init__(self, ingest: Ingest, stats: Stats, max_request_bytes: int) -> None:
        self._ingest = ingest
        self._stats = stats
        self._limit = max_request_bytes

    def application(self) -> web.Application:
        """Serve it from a runner with ``auto_decompress=False``: bodies are inflated within limits here."""
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
        outcome, size = "cancelled", 0
        kind = request.content_type
        try:
            if kind not in _PARSERS:
                raise _Answered(
                    "content_type", 415, f"Content-Type {kind[:80]!r} is not {_PROTOBUF} or {_JSON}"
                )
            body = await self._body(request)
            size = len(body)
            reply = await take(body, _PARSERS[kind])
            outcome = "accepted"
            return _reply(kind, 200, reply)
        except Exception as error:
            problem = error.failure if isinstance(error, _Answered) else failure(error)
            outcome = problem.outcome
            if outcome == "defect":
                _log.exception("a %s request failed", signal)
            headers = {"Retry-After": str(problem.retry_after)} if problem.retry_after else {}
            return _reply(kind, problem.http, problem.status(), headers)
        finally:
            self._stats.count(
                "spanmesh_received_requests_total", signal=signal, transport="http", outcome=outcome
            )
            self._stats.count("spanmesh_received_bytes_total", size, signal=signal, transport="http")

    async def _body(self, request: web.Request) -> bytes:
        """The whole body, decompressed. Raises _Answered."""
        try:
            return await read(request, self._limit)
        except TooLargeError as error:
            fix = f"send smaller batches, or raise {named('max_request_bytes')}"
            raise _Answered("too_large", 413, f"{error}; {fix}") from None
        except UnknownEncodingError as error:
            raise _Answered("content_encoding", 415, str(error)) from None
        except EncodingError as error:
            raise _Answered("malformed", 400, str(error)) from None


def _reply(kind: str, status: int, message: Message, headers: dict[str, str] | None = None) -> web.Response:
    """The message in the encoding of the request; JSON for whoever sent neither."""
    if kind == _PROTOBUF:
        return web.Response(
            body=message.SerializeToString(), status=status, content_type=_PROTOBUF, headers=headers
        )
    return web.Response(
        text=MessageToJson(message, indent=None), status=status, content_type=_JSON, headers=headers
    )
