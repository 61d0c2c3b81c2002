"""The sender against a server with scripted answers."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from deploy.api import ApiError
from deploy.importer.otlp_upload import TooLargeError, send
from tests.collector.made import span, trace_request
from tests.collector.running import free_port

REQUEST = trace_request([span()])
Answer = tuple[int, dict[str, str], bytes]


@contextmanager
def server(*answers: Answer) -> Iterator[tuple[str, list[bytes]]]:
    """Serve the answers one after the other; yield the URL and the bodies received."""
    bodies: list[bytes] = []
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            bodies.append(self.rfile.read(int(self.headers["content-length"])))
            status, headers, body = left.pop(0)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_address[1]}", bodies
        finally:
            listening.shutdown()
            thread.join()


def test_what_was_left_out_is_told() -> None:
    reply = ExportTraceServiceResponse()
    reply.partial_success.rejected_spans = 3
    reply.partial_success.error_message = "too old"
    with server((200, {}, reply.SerializeToString()), (200, {}, b"")) as (url, bodies):
        assert send(url, REQUEST, time.sleep) == (3, "too old")
        assert send(url, REQUEST, time.sleep) == (0, "")
        assert ExportTraceServiceRequest.FromString(bodies[0]) == REQUEST


def test_busy_is_tried_again_with_the_same_bytes_and_as_late_as_asked() -> None:
    pauses: list[float] = []
    busy: Answer = (429, {"Retry-After": "7"}, b"")
    with server(busy, (503, {"Retry-After": "²"}, b""), (200, {}, b"")) as (url, bodies):
        assert send(url, REQUEST, pauses.append) == (0, "")
    assert pauses[0] == 7
    assert len(pauses) == 2
    assert len(set(bodies)) == 1
    assert len(bodies) == 3


def test_patience_ends() -> None:
    status = Status(message="the spool is full").SerializeToString()
    waited = 0.0

    def sleep(seconds: float) -> None:
        nonlocal waited
        waited += seconds

    with (
        server(*[(429, {}, status)] * 40) as (url, _),
        pytest.raises(ApiError, match=r"took nothing for .* the spool is full.*name another with --to"),
    ):
        send(url, REQUEST, sleep)
    assert 100 < waited < 200


def test_no_collector_there() -> None:
    with pytest.raises(ApiError, match=r"Connection refused.*start a collector with `spanmesh up`"):
        send(f"http://127.0.0.1:{free_port()}", REQUEST, lambda _: None)


def test_what_must_not_be_repeated_is_told_at_once() -> None:
    malformed = Status(message="the body is not a protobuf").SerializeToString()
    with server((400, {}, malformed), (404, {}, b"<html>"), (413, {}, b""), (200, {}, b"<html>")) as (url, _):
        with pytest.raises(ApiError, match="answered 400: the body is not a protobuf"):
            send(url, REQUEST, time.sleep)
        with pytest.raises(ApiError, match="answered 404: Not Found"):
            send(url, REQUEST, time.sleep)
        with pytest.raises(TooLargeError):
            send(url, REQUEST, time.sleep)
        with pytest.raises(ApiError, match="is no OTLP/HTTP receiver"):
            send(url, REQUEST, time.sleep)
