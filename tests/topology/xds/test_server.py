"""The ADS server on a real socket with a raw client."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import grpc
import pytest

from proxy.contract import xds
from proxy.contract import xds_pb2 as pb
from proxy.contract.model import Service
from tests.proxy.control.test_xds_client import NODE, Mesh
from topology.xds.server import peer_host
from topology.xds.snapshot import Snapshot


@contextlib.asynccontextmanager
async def stream(mesh: Mesh) -> AsyncIterator[Any]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{mesh.port}") as channel:
        call = channel.stream_stream(
            f"/{xds.ADS}/{xds.SOTW_METHOD}",
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
            await call.write(pb.DiscoveryRequest(type_url=xds.CDS, node=pb.Node(id="envoy-1")))
            for version in range(2, 5):
                response = await call.read()
                rejection = pb.DiscoveryRequest(type_url=xds.CDS, response_nonce=response.nonce)
                rejection.error_detail.message = "no such field"
                await call.write(rejection)
                mesh.xds.publish(Snapshot(version, {f"s{version}": Service(f"s{version}")}))
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


def test_a_node_that_cannot_be_registered_is_told_why() -> None:
    async def play() -> None:
        mesh = Mesh()
        await mesh.start(Snapshot(1, {}))
        bad = xds.encode_node(replace(NODE, address="nowhere"))
        async with stream(mesh) as call:
            await call.write(pb.DiscoveryRequest(type_url=xds.CDS, node=bad))
            assert await call.code() is grpc.StatusCode.INVALID_ARGUMENT
            assert "HOST:PORT" in await call.details()
        assert mesh.sidecars.nodes == {}
        assert mesh.xds.streams == 0
        await mesh.stop()

    asyncio.run(play())


@pytest.mark.parametrize(
    ("peer", "host"),
    [
        ("ipv4:10.0.0.1:4242", "10.0.0.1"),
        ("ipv6:%5B::1%5D:4242", "::1"),
        ("ipv6:[::ffff:10.0.0.1]:4242", "10.0.0.1"),
        ("unix:/run/mesh.sock", "127.0.0.1"),
    ],
)
def test_hosts_of_peers(peer: str, host: str) -> None:
    assert peer_host(peer) == host
