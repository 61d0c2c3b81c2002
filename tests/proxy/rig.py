"""A sidecar between a real application and a real OTLP sink, all on loopback."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import grpc
import uvloop
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import ExponentialHistogramDataPoint
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from proxy.app import Sidecar
from proxy.config import SidecarConfig
from proxy.contract.model import Endpoint, MeshView, Node, NodeState, Service, Stage
from proxy.contract.service_id import ServiceId
from proxy.control.registration import Registration

DEADLINE = 10.0
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class FakeClient:
    """An xDS client whose mesh is the test."""

    connected = True

    def __init__(self, target: str, node: Node, on_view: Callable[[MeshView], None]) -> None:
        self.node = node
        self.on_view = on_view
        self.states: list[NodeState] = []

    def set_state(self, state: NodeState) -> None:
        self.states.append(state)

    async def run(self) -> None:
        await asyncio.Event().wait()


class Sink:
    """An OTLP/gRPC receiver that keeps everything."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.points: list[tuple[str, ExponentialHistogramDataPoint]] = []
        self.metrics: list[ExportMetricsServiceRequest] = []
        self.resources: list[dict[str, str]] = []
        self.refuse: grpc.StatusCode | None = None
        self.replies = {"traces": b"", "metrics": b""}  # to what is taken
        self.answer = asyncio.Event()  # cleared: take what comes, answer nothing
        self.answer.set()
        self.port = 0
        self._server: grpc.aio.Server | None = None

    async def start(self, port: int = 0) -> None:
        self._server = server = grpc.aio.server()
        exports = {"trace.v1.TraceService": self._traces, "metrics.v1.MetricsService": self._points}
        for name, export in exports.items():
            methods = {"Export": grpc.unary_unary_rpc_method_handler(export)}
            service = f"opentelemetry.proto.collector.{name}"
            server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, methods)])
        self.port = server.add_insecure_port(f"127.0.0.1:{port}")
        await server.start()

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.stop(0)

    async def _traces(self, payload: bytes, context: Any) -> bytes:
        if self.refuse is not None:
            await context.abort(self.refuse, "refused by the test")
        for resource in ExportTraceServiceRequest.FromString(payload).resource_spans:
            self.resources.append(pairs(resource.resource.attributes))
            for scope in resource.scope_spans:
                self.spans += scope.spans
        return self.replies["traces"]

    async def _points(self, payload: bytes, context: Any) -> bytes:
        if self.refuse is not None:
            await context.abort(self.refuse, "refused by the test")
        message = ExportMetricsServiceRequest.FromString(payload)
        self.metrics.append(message)
        for resource in message.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    self.points += [(metric.name, p) for p in metric.exponential_histogram.data_points]
        await self.answer.wait()
        return self.replies["metrics"]

    def counted(self, name: str) -> int:
        return sum(point.count for metric, point in self.points if metric == name)


class World:
    """Everything a data-path test needs."""

    def __init__(self, sidecar: Sidecar, client: FakeClient, sink: Sink) -> None:
        self.sidecar = sidecar
        self.client = client
        self.sink = sink

    @property
    def inbound(self) -> int:
        return self.sidecar.ports["inbound"]

    @property
    def outbound(self) -> int:
        return self.sidecar.ports["outbound"]

    def view(self, *services: Service) -> None:
        self.client.on_view({service.name: service for service in services})

    async def spans(self, count: int) -> list[Span]:
        await until(lambda: len(self.sink.spans) >= count)
        return self.sink.spans


@asynccontextmanager
async def world(app: str = "", **given: Any) -> AsyncIterator[World]:
    """A running sidecar; ``app`` empty turns the inbound side off."""
    sink = Sink()
    await sink.start()
    clients: list[FakeClient] = []

    def make(target: str, node: Node, on_view: Callable[[MeshView], None]) -> FakeClient:
        clients.append(FakeClient(target, node, on_view))
        return clients[0]

    options: dict[str, Any] = {
        "service": "cart",
        "app": app,
        "inbound": "127.0.0.1:0" if app else "",
        "outbound": "127.0.0.1:0",
        "admin": "",
        "mesh": f"127.0.0.1:{sink.port}",
        "drain_notice": 0.0,
        "drain_time": 2.0,
        **given,
    }
    config = SidecarConfig(**options)
    sidecar = Sidecar(config, Registration(config, make))
    await sidecar.start()
    try:
        yield World(sidecar, clients[0], sink)
    finally:
        await sidecar.stop()
        await sink.stop()


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """A raw TCP server; yields its ``host:port``."""
    writers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        try:
            await handler(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writers.discard(writer)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in list(writers):
            writer.transport.abort()


class App:
    """A plain HTTP application that answers with ``answer`` and remembers what it got."""

    def __init__(self, answer: bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok") -> None:
        self.answer = answer
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.connections = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = True
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            self.connections += first
            first = False
            self.heads.append(head)
            self.bodies.append(await read_body(head, reader))
            writer.write(self.answer)
            await writer.drain()

    def field(self, name: str, index: int = -1) -> str | None:
        return field(self.heads[index], name)


async def read_body(head: bytes, reader: asyncio.StreamReader) -> bytes:
    """A message's body, decoded."""
    length = field(head, "content-length")
    if length is not None:
        return await reader.readexactly(int(length))
    if field(head, "transfer-encoding") != "chunked":
        return b""
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass
    return body


def field(head: bytes, name: str) -> str | None:
    """The value of a header field in a raw head."""
    for line in head.decode("latin-1").split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.lower() == name:
            return value.strip()
    return None


async def ask(port: int, request: bytes, *, close: bool = True) -> bytes:
    """Send raw bytes, half-close unless told otherwise, and read to the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    if close:
        writer.write_eof()
    try:
        async with asyncio.timeout(DEADLINE):
            return await reader.read()
    finally:
        writer.close()


async def until(condition: Callable[[], bool]) -> None:
    """Poll with a deadline."""
    async with asyncio.timeout(DEADLINE):
        while not condition():
            await asyncio.sleep(0.01)


def play(main: Coroutine[Any, Any, None]) -> None:
    """Run a test's coroutine on the loop the sidecar runs on."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


def pairs(attributes: Iterable[Any]) -> dict[str, Any]:
    """OTLP attributes as a dict."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in attributes}


def service(name: str, *endpoints: Endpoint, percent: int = 0) -> Service:
    """A service, routed for ``percent`` of its requests."""
    return Service(ServiceId(name), endpoints, Stage.ROUTE if percent else Stage.OBSERVE, percent)


def head_fields(raw: bytes) -> Mapping[str, str]:
    """Header fields of a raw response."""
    lines = raw.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
