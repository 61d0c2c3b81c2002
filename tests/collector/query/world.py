"""What the tests of the query API share: spans and edges in the real store, and a real HTTP client."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession, web

from collector.clickhouse.database import Database, Params, Row, Store
from collector.clickhouse.reader import Reader
from collector.clock import MeshClock
from collector.control.mesh_rows import connection_columns, decision_columns, edge_columns
from collector.query.app import build
from collector.stats import Stats
from proxy.contract.histogram import Histogram
from proxy.contract.model import Node
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Arm, Protocol
from topology.engine import Engine
from topology.model.samples import CallSample, Side
from topology.policy.models import Policy
from topology.settings import EngineSettings

NOW = 1_795_248_000  # epoch seconds, on a full minute
NOW_US = NOW * 1_000_000
ONE = "0af7651916cd43dd8448eb211c80319c"
TWO = "1af7651916cd43dd8448eb211c80319c"
SHORT = "0000000000000000a3ce929d0e0e4736"


@dataclass
class Span:
    """A row of otel_traces; ``at`` is seconds before NOW, ``took`` milliseconds."""

    trace: str = ONE
    span: str = "b7ad6b7169203331"
    parent: str = ""
    service: str = "frontend"
    name: str = "GET /"
    kind: str = "Server"
    at: float = 10.0
    took: float = 1.0
    status: str = "Unset"
    message: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    resource: Mapping[str, str] = field(default_factory=dict)
    events: Sequence[tuple[int, str, Mapping[str, str]]] = ()
    links: Sequence[tuple[str, str, Mapping[str, str]]] = ()

    def row(self) -> dict[str, Any]:
        return {
            "Timestamp": NOW_US * 1000 - round(self.at * 1e9),
            "TraceId": self.trace,
            "SpanId": self.span,
            "ParentSpanId": self.parent,
            "TraceState": "",
            "SpanName": self.name,
            "SpanKind": self.kind,
            "ServiceName": self.service,
            "ResourceAttributes": {"service.name": self.service, **self.resource},
            "ScopeName": "shop",
            "ScopeVersion": "",
            "SpanAttributes": dict(self.attributes),
            "Duration": round(self.took * 1e6),
            "StatusCode": self.status,
            "StatusMessage": self.message,
            "Events.Timestamp": [time for time, _, _ in self.events],
            "Events.Name": [name for _, name, _ in self.events],
            "Events.Attributes": [dict(said) for _, _, said in self.events],
            "Links.TraceId": [trace for trace, _, _ in self.links],
            "Links.SpanId": [span for _, span, _ in self.links],
            "Links.TraceState": ["" for _ in self.links],
            "Links.Attributes": [dict(said) for _, _, said in self.links],
        }


@dataclass
class Calls:
    """A row of mesh_edges; ``at`` is seconds before NOW, ``buckets`` as the store keeps them."""

    source: str
    target: str
    at: int
    count: int = 1
    errors: int = 0
    protocol: str = "http"
    endpoint: str = ""
    buckets: Mapping[int, int] | None = None
    arm: Arm = Arm.NONE

    def row(self) -> dict[str, Any]:
        return {
            "Time": NOW - self.at,
            "Source": self.source,
            "Target": self.target,
            "Protocol": self.protocol,
            "Endpoint": self.endpoint,
            "Arm": self.arm.value,
            "Collector": "here",
            "Count": self.count,
            "Errors": self.errors,
            "Sum": 0.1 * self.count,
            "Latency": dict(self.buckets) if self.buckets is not None else {-54: self.count},
        }


def insert(database: Database, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    database.insert(table, {name: [row[name] for row in rows] for name in rows[0]})


def unstepped(clock: Callable[[], float]) -> MeshClock:
    """Return a mesh clock that follows ``clock`` as it is."""
    return MeshClock(clock, clock)


class World:
    """A store, an engine and a clock, and the application over them."""

    def __init__(self, database: Database, store: Store) -> None:
        self.database = database
        self.reader: Any = Reader(store)
        self.engine = Engine(Policy(), EngineSettings())
        self.stats = Stats()
        self.reason = ""
        self.now = float(NOW)
        self.born = float(NOW) - 3600

    def spans(self, *spans: Span) -> None:
        insert(self.database, "otel_traces", [span.row() for span in spans])

    def calls(self, *calls: Calls) -> None:
        insert(self.database, "mesh_edges", [each.row() for each in calls])

    def hear(
        self,
        source: str,
        target: str,
        at: float,
        count: int = 1,
        errors: int = 0,
        *,
        endpoint: str = "",
        arm: Arm = Arm.DIRECT,
        took: float = 0.1,
    ) -> None:
        """Calls a sidecar of ``source`` measured ``at`` seconds before NOW; they took ``took`` seconds."""
        histogram = Histogram()
        for _ in range(count):
            histogram.record(took)
        sample = CallSample(Side.CLIENT, source, target, f"{source}-1", histogram, errors, endpoint, arm)
        self.engine.calls([sample], NOW - at)

    def step(self, at: float = 0.0) -> None:
        """One step of the mesh ``at`` seconds before NOW, its results stored as the collector does."""
        tick = self.engine.tick(NOW - at)
        if called := [sample for sample in tick.edges if sample.count]:
            self.database.insert("mesh_edges", edge_columns(called, "here"))
        if opaque := [sample for sample in tick.edges if sample.protocol is Protocol.TCP]:
            self.database.insert("mesh_connections", connection_columns(opaque, "here"))
        if tick.decisions:
            self.database.insert("mesh_decisions", decision_columns(tick.decisions, "here"))

    def join(
        self,
        service: str,
        port: int,
        at: float = 600.0,
        version: str = "",
        zone: str = "",
        namespace: str = "",
    ) -> str:
        """A sidecar that connects ``at`` seconds before NOW; its address."""
        address = f"127.0.0.1:{port}"
        node = Node(
            ServiceId.of(namespace, service),
            f"{service}-{port}",
            address,
            f"127.0.0.1:{port + 1}",
            version,
            zone,
        )
        self.engine.connect(f"stream-{port}", node, "127.0.0.1", NOW - at)
        return address

    def app(self) -> web.Application:
        built = False
        clock = unstepped(lambda: self.now if built else self.born)
        app = build(self.reader, self.engine, clock, self.stats, lambda: self.reason)
        built = True
        return app

    def get(self, path: str, **query: Any) -> Any:
        """The decoded JSON of a request that must succeed."""
        status, text = self.ask("GET", path, query)
        assert status == 200, text
        return json.loads(text)

    def refused(
        self,
        path: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        **query: Any,
    ) -> tuple[int, str]:
        """Status and the one message of a request that must fail, its envelope checked."""
        status, text = self.ask(method, path, query, body, headers)
        reply = json.loads(text)
        [error] = reply["errors"]
        assert reply["data"] is None
        assert error["code"] == status
        assert "\n" not in error["msg"]
        assert "Traceback" not in text
        return status, error["msg"]

    def ask(
        self,
        method: str,
        path: str,
        query: Any,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, str]:
        """Status and text of one request to the application on a port of its own."""
        return asyncio.run(self._ask(method, path, query, body, headers))

    async def _ask(
        self, method: str, path: str, query: Any, body: bytes | None, headers: Mapping[str, str] | None
    ) -> tuple[int, str]:
        runner = web.AppRunner(self.app())
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        try:
            async with (
                ClientSession(f"http://{host}:{port}") as client,
                client.request(method, path, params=query, data=body, headers=headers) as response,
            ):
                return response.status, await response.text()
        finally:
            await runner.cleanup()


class BrokenReader(Reader):
    """A reader whose every question fails with ``error``, or never ends when there is none."""

    def __init__(self, error: Exception | None) -> None:
        self._error = error

    async def query(self, sql: str, params: Params | None = None) -> list[Row]:
        if self._error is None:
            await asyncio.Event().wait()
        assert self._error is not None
        raise self._error
