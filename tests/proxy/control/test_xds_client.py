"""The client against the real ADS server over real sockets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import grpc
import pytest
from grpc.aio import Metadata

from proxy.contract.model import Endpoint, MeshView, Node, NodeState, Service, Stage
from proxy.contract.service_id import ServiceId
from proxy.control.xds_client import XdsClient, neutral
from topology.xds.server import OPTIONS, XdsServer
from topology.xds.snapshot import Snapshot

NODE = Node(ServiceId("web"), "web-1", "0.0.0.0:15006", "127.0.0.1:8080", "v1", "z1")
GOOD = Endpoint("10.0.0.1:80", weight=0.5, app="10.0.0.1:8080", instance="b-1", version="v1", zone="z1")
EJECTED = Endpoint("10.0.0.2:80", healthy=False)
LEAVING = Endpoint("10.0.0.3:80", healthy=False, draining=True)
REVIEWS = Service(ServiceId("reviews"), (GOOD, EJECTED, LEAVING), Stage.ROUTE, 25)


class Sidecars:
    """A stand-in for the engine that records connects and disconnects."""

    def __init__(self) -> None:
        self.nodes: dict[str, tuple[Node, str]] = {}

    def connect(self, stream: str, node: Node, peer_host: str, now: float) -> None:
        self.nodes[stream] = (node, peer_host)

    def disconnect(self, stream: str, now: float) -> None:
        self.nodes.pop(stream, None)

    def states(self) -> list[NodeState]:
        return [node.state for node, _ in self.nodes.values()]


class Mesh:
    """A real gRPC server with the ADS service, on a port that survives a restart."""

    def __init__(self) -> None:
        self.port = 0
        self.sidecars = Sidecars()

    async def start(self, snapshot: Snapshot, settle: float = 0.0, heartbeat: float = 2.0) -> None:
        self.sidecars = Sidecars()
        self.xds = XdsServer(self.sidecars, settle=settle, heartbeat=heartbeat)
        self.server = grpc.aio.server(options=OPTIONS)
        self.xds.register(self.server)
        self.port = self.server.add_insecure_port(f"127.0.0.1:{self.port}")
        await self.server.start()
        self.xds.publish(snapshot)

    async def stop(self) -> None:
        await self.server.stop(None)


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def running(mesh: Mesh, expiry: float = 15.0) -> AsyncIterator[tuple[XdsClient, list[MeshView]]]:
    views: list[MeshView] = []
    client = XdsClient(f"127.0.0.1:{mesh.port}", NODE, views.append, expiry=expiry)
    task = asyncio.create_task(client.run())
    try:
        yield client, views
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def test_the_view_is_what_was_published_and_follows_it() -> None:
    async def play() -> None:
        mesh = Mesh()
        await mesh.start(Snapshot(1, {ServiceId("reviews"): REVIEWS}))
        async with running(mesh) as (client, views):
            await until(lambda: views)
            assert views == [{"reviews": REVIEWS}]
            assert client.connected
            ratings = Service(ServiceId("ratings"), (Endpoint("10.0.1.1:80"),))
            mesh.xds.publish(Snapshot(2, {ServiceId("reviews"): REVIEWS, ServiceId("ratings"): ratings}))
            await until(lambda: views[-1] == {"reviews": REVIEWS, "ratings": ratings})
            mesh.xds.publish(Snapshot(3, {ServiceId("ratings"): ratings}))
            await until(lambda: "reviews" not in views[-1])
            mesh.xds.publish(Snapshot(4, {ServiceId("reviews"): REVIEWS, ServiceId("ratings"): ratings}))
            await until(lambda: views[-1] == {"reviews": REVIEWS, "ratings": ratings})
        await mesh.stop()

    asyncio.run(play())


def test_connecting_registers_and_tells_the_state() -> None:
    async def play() -> None:
        mesh = Mesh()
        await mesh.start(Snapshot(1, {}))
        async with running(mesh) as (client, views):
            await until(lambda: views)
            ((node, host),) = mesh.sidecars.nodes.values()
            assert (replace(node, generation=""), host) == (NODE, "127.0.0.1")
            client.set_state(NodeState.DRAINING)
            await until(lambda: mesh.sidecars.states() == [NodeState.DRAINING])
        await until(lambda: not mesh.sidecars.nodes)
        await mesh.stop()

    asyncio.run(play())


def test_an_application_that_comes_back_is_another_process() -> None:
    client = XdsClient("127.0.0.1:1", NODE, lambda _: None)

    def generation() -> str:
        return client._node.generation

    first = generation()
    assert first
    assert XdsClient("127.0.0.1:1", NODE, lambda _: None)._node.generation != first
    client.set_state(NodeState.UNREADY)
    assert generation() == first
    client.set_state(NodeState.READY)
    assert generation() != first


def test_a_restarted_mesh_is_found_again_and_sends_only_what_changed() -> None:
    async def play() -> None:
        mesh = Mesh()
        await mesh.start(Snapshot(1, {ServiceId("reviews"): REVIEWS}))
        async with running(mesh) as (client, views):
            await until(lambda: views)
            await mesh.stop()
            await until(lambda: not client.connected)
            await mesh.start(Snapshot(1, {ServiceId("reviews"): REVIEWS}))
            await until(lambda: client.connected)
            assert views == [{"reviews": REVIEWS}]
            moved = Service(ServiceId("reviews"), (EJECTED,))
            mesh.xds.publish(Snapshot(2, {ServiceId("reviews"): moved}))
            # Stage and endpoints are resources of their own, which come one after the other.
            await until(lambda: views[-1] == {"reviews": moved})
        await mesh.stop()

    asyncio.run(play())


def test_a_mesh_that_starts_empty_does_not_take_away_what_sidecars_hold() -> None:
    async def play() -> None:
        mesh = Mesh()
        await mesh.start(Snapshot(1, {ServiceId("reviews"): REVIEWS}))
        async with running(mesh) as (client, views):
            await until(lambda: views)
            await mesh.stop()
            await until(lambda: not client.connected)
            await mesh.start(Snapshot(1, {}), settle=0.5)
            await until(lambda: client.connected)
            assert views == [{"reviews": REVIEWS}]
            await until(lambda: views[-1] == {})  # nobody came back while it settled
        await mesh.stop()

    asyncio.run(play())


def test_feedback_expires_without_the_mesh_and_counts_again_with_it() -> None:
    async def play() -> None:
        mesh = Mesh()
        await mesh.start(Snapshot(1, {ServiceId("reviews"): REVIEWS}))
        async with running(mesh, expiry=0.1) as (_, views):
            await until(lambda: views)
            await mesh.stop()
            await until(lambda: len(views) == 2)
            endpoints = views[-1][ServiceId("reviews")].endpoints
            assert [e.address for e in endpoints] == [GOOD.address, EJECTED.address, LEAVING.address]
            assert [e.weight for e in endpoints] == [1.0, 1.0, 1.0]
            assert [e.healthy for e in endpoints] == [True, True, False]
            await mesh.start(Snapshot(1, {ServiceId("reviews"): REVIEWS}))
            await until(lambda: len(views) == 3)
            assert views[-1] == {"reviews": REVIEWS}
        await mesh.stop()

    asyncio.run(play())


def test_a_mesh_that_lives_and_no_longer_decides_is_not_followed() -> None:
    """The collector hangs or lags: its stream stays open, and no heartbeat confirms its decisions."""

    async def play() -> None:
        mesh = Mesh()
        snapshot = Snapshot(1, {ServiceId("reviews"): REVIEWS})
        await mesh.start(snapshot, heartbeat=0.05)

        async def decide() -> None:
            while True:
                mesh.xds.publish(snapshot)
                await asyncio.sleep(0.02)

        async with running(mesh, expiry=0.5) as (client, views):
            deciding = asyncio.create_task(decide())
            await until(lambda: views)
            await asyncio.sleep(1.0)
            assert views == [{"reviews": REVIEWS}]  # twice its time to live, kept up by heartbeats
            deciding.cancel()
            await until(lambda: len(views) == 2)
            assert client.connected
            assert [(e.weight, e.healthy) for e in views[-1][ServiceId("reviews")].endpoints] == [
                (1.0, True),
                (1.0, True),
                (1.0, False),
            ]
            deciding = asyncio.create_task(decide())
            await until(lambda: len(views) == 3)
            assert views[-1] == {"reviews": REVIEWS}
            deciding.cancel()
        await mesh.stop()

    asyncio.run(play())


def test_a_mesh_without_heartbeats_is_followed_for_as_long_as_its_stream_lives() -> None:
    async def play() -> None:
        mesh = Mesh()
        await mesh.start(Snapshot(1, {ServiceId("reviews"): REVIEWS}), heartbeat=1000.0)
        async with running(mesh, expiry=0.1) as (_, views):
            await until(lambda: views)
            await asyncio.sleep(0.5)
            assert views == [{"reviews": REVIEWS}]
        await mesh.stop()

    asyncio.run(play())


def test_no_mesh_at_all_is_no_error() -> None:
    async def play() -> None:
        mesh = Mesh()
        await mesh.start(Snapshot(1, {}))
        await mesh.stop()
        async with running(mesh) as (client, views):
            assert not client.connected
            await mesh.start(Snapshot(1, {ServiceId("reviews"): REVIEWS}))
            await until(lambda: views)
        await mesh.stop()

    asyncio.run(play())


def test_a_mesh_that_is_never_reached_is_a_warning_once_and_so_is_its_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def play() -> None:
        mesh = Mesh()
        await mesh.start(Snapshot(1, {}))
        await mesh.stop()
        async with running(mesh, expiry=0.1) as (_, views):
            await until(lambda: caplog.messages)
            await asyncio.sleep(0.3)  # further attempts, and three times the expiry
            (warning,) = caplog.messages
            assert warning.startswith(f"nothing received from the mesh at 127.0.0.1:{mesh.port} for 0.1 s: ")
            assert "--mesh (SPANMESH_MESH)" in warning
            await mesh.start(Snapshot(1, {ServiceId("reviews"): REVIEWS}), heartbeat=1000.0)
            await until(lambda: views)
            assert caplog.messages[1:] == [f"the mesh at 127.0.0.1:{mesh.port} answers"]
        await mesh.stop()

    asyncio.run(play())


class SwallowingChannel:
    """A channel on which one cancellation that meets the end of a call becomes its status, as in gRPC."""

    swallowed = False

    async def __aenter__(self) -> "SwallowingChannel":
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    def stream_stream(self, *_: object, **__: object) -> Callable[..., "SwallowingChannel"]:
        return lambda *_, **__: self

    async def write(self, _: object) -> None:
        return None

    async def __aiter__(self) -> AsyncIterator[None]:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if self.swallowed:
                raise
            self.swallowed = True
            raise grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, Metadata(), Metadata(), "", "") from None
        yield None


def test_a_cancellation_that_grpc_swallows_still_ends_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    channel = SwallowingChannel()
    monkeypatch.setattr("proxy.control.xds_client.open_channel", lambda *_: channel)

    async def run() -> None:
        client = asyncio.create_task(XdsClient("127.0.0.1:1", NODE, lambda _: None).run())
        await asyncio.sleep(0.01)
        client.cancel()
        await asyncio.wait([client], timeout=10)
        assert client.cancelled()

    asyncio.run(run())


def test_neutral_keeps_stage_and_endpoints() -> None:
    view = neutral({ServiceId("reviews"): REVIEWS})[ServiceId("reviews")]
    assert (view.stage, view.percent, len(view.endpoints)) == (Stage.ROUTE, 25, 3)
