"""The ADS server on a real socket with a raw client."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import grpc
import pytest

from proxy.contract.model import Service
from proxy.contract.service_id import ServiceId
from proxy.contract.xds import inbound, nodes, protocol
from proxy.contract.xds import messages_pb2 as pb
from proxy.contract.xds.inbound import InboundPolicy
from tests.proxy.control.test_xds_client import NODE, Mesh, Sidecars
from topology.xds.server import XdsServer
from topology.xds.snapshot import Snapshot


@contextlib.asynccontextmanager
async def stream(mesh: Mesh) -> AsyncIterator[Any]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{mesh.port}") as channel:
        call = channel.stream_stream(
            f"/{protocol.ADS}/{protocol.SOTW_METHOD}",
            request_serializer=pb.DiscoveryRequest.SerializeToString,
            response_deserializer=pb.DiscoveryResponse.FromString,
        )(None)
        yield call
        call.cancel()


def test_a_rejected_response_is_counted_kept_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    async def play() -> None:
        mesh = Mesh()
        await mesh.start(Snapshot(1, {}))
        async with stream(mesh) as call:
            await call.write(pb.DiscoveryRequest(type_url=protocol.CDS, node=pb.Node(id="envoy-1")))
            for version in range(2, 5):
                response = await call.read()
                rejection = pb.DiscoveryRequest(type_url=protocol.CDS, response_nonce=response.nonce)
                rejection.error_detail.message = "no such field"
                await call.write(rejection)
                mesh.xds.publish(
                    Snapshot(version, {ServiceId(f"s{version}"): Service(ServiceId(f"s{version}"))})
                )
            await call.read()
        assert mesh.xds.rejected == 3
        (kept,) = mesh.xds.rejections.values()
        assert (kept.node, kept.detail) == ("envoy-1", "no such field")
        await mesh.stop()

    with caplog.at_level(logging.WARNING):
        asyncio.run(play())
    assert [record.getMessage() for record in caplog.records] == [
        "envoy-1 rejected Cluster and keeps what it had: no such field"
    ]


@contextlib.asynccontextmanager
async def delta_stream(mesh: Mesh) -> AsyncIterator[Any]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{mesh.port}") as channel:
        call = channel.stream_stream(
            f"/{protocol.ADS}/{protocol.DELTA_METHOD}",
            request_serializer=pb.DeltaDiscoveryRequest.SerializeToString,
            response_deserializer=pb.DeltaDiscoveryResponse.FromString,
        )(None)
        yield call
        call.cancel()


def test_two_nodes_are_sent_policies_of_their_own_and_the_same_services() -> None:
    names = (ServiceId("reviews"), ServiceId("ratings"))
    services = {name: Service(name) for name in names}

    async def ask(mesh: Mesh, service: str) -> tuple[list[str], list[str]]:
        async with delta_stream(mesh) as call:
            node = nodes.encode(replace(NODE, service=ServiceId(service), instance=f"{service}-1"))
            await call.write(pb.DeltaDiscoveryRequest(type_url=protocol.CDS, node=node))
            clusters = await call.read()
            own = [protocol.OWN_INBOUND]
            request = pb.DeltaDiscoveryRequest(type_url=protocol.INBOUND, resource_names_subscribe=own)
            await call.write(request)
            policies = await call.read()
        found = [inbound.decode(each.resource.value).service for each in policies.resources]
        return found, [each.name for each in clusters.resources]

    async def play() -> None:
        mesh = Mesh()
        await mesh.start(Snapshot(1, services, {name: InboundPolicy(name) for name in services}))
        every = ["passthrough", "ratings", "reviews"]
        assert await ask(mesh, "reviews") == (["reviews"], every)
        assert await ask(mesh, "ratings") == (["ratings"], every)
        assert await ask(mesh, "web") == ([], every)
        await mesh.stop()

    asyncio.run(play())


def test_a_node_that_cannot_be_registered_is_told_why() -> None:
    async def play() -> None:
        mesh = Mesh()
        await mesh.start(Snapshot(1, {}))
        bad = nodes.encode(replace(NODE, address="nowhere"))
        async with stream(mesh) as call:
            await call.write(pb.DiscoveryRequest(type_url=protocol.CDS, node=bad))
            assert await call.code() is grpc.StatusCode.INVALID_ARGUMENT
            assert "HOST:PORT" in await call.details()
        assert mesh.sidecars.nodes == {}
        assert mesh.xds.streams == 0
        await mesh.stop()

    asyncio.run(play())


class Transport:
    """A gRPC server and the context of one call, to see the order in which a stream ends."""

    def __init__(self) -> None:
        self.handlers: list[Any] = []
        self.at_status: list[int] = []

    def add_generic_rpc_handlers(self, handlers: Iterable[Any]) -> None:
        self.handlers += handlers

    def peer(self) -> str:
        return "ipv4:10.0.0.1:4242"

    def auth_context(self) -> dict[str, list[bytes]]:
        return {}

    def invocation_metadata(self) -> tuple[()]:
        return ()

    async def call(self, server: XdsServer, request: pb.DiscoveryRequest) -> None:
        async def abort(code: grpc.StatusCode, details: str) -> None:
            self.at_status.append(server.streams)

        async def requests() -> AsyncIterator[pb.DiscoveryRequest]:
            yield request

        self.abort = abort
        server.register(cast("grpc.aio.Server", self))
        details = SimpleNamespace(method=f"/{protocol.ADS}/{protocol.SOTW_METHOD}", invocation_metadata=())
        handler: Any = self.handlers[0].service(cast("grpc.HandlerCallDetails", details))
        await handler.stream_stream(requests(), self)


def test_a_stream_is_gone_before_its_status_is_sent() -> None:
    """A client that reads the status must not find its stream counted, or its node connected, any more."""
    sidecars = Sidecars()
    server, transport = XdsServer(sidecars), Transport()
    bad = nodes.encode(replace(NODE, address="nowhere"))
    asyncio.run(transport.call(server, pb.DiscoveryRequest(type_url=protocol.CDS, node=bad)))
    assert transport.at_status == [0]
