"""The real Envoy reads what we serve: field numbers, weights, health, stages."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from proxy.contract.model import Endpoint, Node, Retries, Service, Stage
from proxy.contract.service_id import ServiceId
from proxy.contract.xds import protocol
from tests.bench import envoy_peer
from topology.xds.server import OPTIONS, XdsServer
from topology.xds.snapshot import Snapshot

REVIEWS = ServiceId("reviews")

pytestmark = pytest.mark.envoy
_EXTENSIONS = "type.googleapis.com/envoy.extensions."


class Nobody:
    def connect(self, stream: str, node: Node, peer_host: str, now: float) -> None:
        raise AssertionError("an Envoy without spanmesh metadata is no sidecar")

    def disconnect(self, stream: str, now: float) -> None:
        return


def bootstrap(xds_port: int, listen: int, api_type: str) -> dict[str, Any]:
    ads = {"ads": {}, "resource_api_version": "V3"}
    manager = {
        "@type": _EXTENSIONS + "filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "out",
        "rds": {"route_config_name": protocol.OUTBOUND_ROUTES, "config_source": ads},
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": _EXTENSIONS + "filters.http.router.v3.Router"},
            }
        ],
    }
    http2: dict[str, Any] = {
        "@type": _EXTENSIONS + "upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
    mesh = {
        "name": "xds",
        "type": "STATIC",
        "typed_extension_protocol_options": {http2["@type"].partition("/")[2]: http2},
        "load_assignment": {
            "cluster_name": "xds",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _socket(xds_port)}}]}],
        },
    }
    return {
        "node": {"id": "envoy-1", "cluster": "web"},
        "dynamic_resources": {
            "ads_config": {
                "api_type": api_type,
                "transport_api_version": "V3",
                "grpc_services": [{"envoy_grpc": {"cluster_name": "xds"}}],
            },
            "cds_config": ads,
        },
        "static_resources": {
            "clusters": [mesh],
            "listeners": [
                {
                    "name": "out",
                    "address": _socket(listen),
                    "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
                }
            ],
        },
    }


def _socket(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


class World:
    """Backends that answer with their name, our ADS server, and an Envoy fed by it."""

    def __init__(self) -> None:
        self.version = 0
        self.backends: dict[str, int] = {}
        self.listen = 0
        self.xds = XdsServer(Nobody())

    def publish(self, *services: Service) -> None:
        self.version += 1
        self.xds.publish(Snapshot(self.version, {service.name: service for service in services}))

    def endpoint(self, name: str, **said: Any) -> Endpoint:
        return Endpoint(f"127.0.0.1:{self.backends[name]}", **said)

    async def served(self, requests: int = 40) -> Counter[str]:
        """Return which backends answered ``requests`` requests that the application sent to ``direct``."""
        found: Counter[str] = Counter()
        for _ in range(requests):
            found[await self._get()] += 1
        return found

    async def until(self, condition: Callable[[Counter[str]], bool]) -> None:
        async with asyncio.timeout(15):
            while not condition(await self.served(10)):
                await asyncio.sleep(0.02)

    async def _get(self) -> str:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.listen)
        except OSError:
            return "refused"
        try:
            lines = (
                "GET / HTTP/1.1",
                "host: reviews:80",
                "connection: close",
                f"x-envoy-original-dst-host: 127.0.0.1:{self.backends['direct']}",
            )
            writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
            answer = (await reader.read()).decode()
            return answer.rpartition("\r\n")[2] if answer.startswith("HTTP/1.1 200") else answer[9:12]
        finally:
            writer.close()


async def _backend(name: str) -> asyncio.Server:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {len(name)}\r\n\r\n{name}".encode())
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)


@contextlib.asynccontextmanager
async def world(directory: Path, api_type: str) -> AsyncIterator[World]:
    found = World()
    async with contextlib.AsyncExitStack() as stack:
        for name in ("a", "b", "direct"):
            server = await stack.enter_async_context(await _backend(name))
            found.backends[name] = server.sockets[0].getsockname()[1]
        held = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        found.listen = held.sockets[0].getsockname()[1]
        held.close()
        grpc_server = grpc.aio.server(options=OPTIONS)
        found.xds.register(grpc_server)
        port = grpc_server.add_insecure_port("127.0.0.1:0")
        await grpc_server.start()
        config = directory / "envoy.json"
        config.write_text(json.dumps(bootstrap(port, found.listen, api_type)))
        envoy = await asyncio.create_subprocess_exec(*envoy_peer.argv(config))
        try:
            yield found
        finally:
            envoy.terminate()
            await envoy.wait()
            await grpc_server.stop(None)


@pytest.mark.parametrize("api_type", ["GRPC", "DELTA_GRPC"])
def test_envoy_follows_weights_health_and_stage(tmp_path: Path, api_type: str) -> None:
    async def play() -> None:
        async with world(tmp_path, api_type) as mesh:
            a, b = mesh.endpoint("a", weight=0.5), mesh.endpoint("b", weight=1.5)
            mesh.publish(Service(REVIEWS, (a, b), Stage.ROUTE, 100))
            await mesh.until(lambda found: found["a"] + found["b"] == 10)
            found = await mesh.served(80)
            assert set(found) == {"a", "b"}
            assert 15 <= found["a"] <= 25  # 0.5 : 1.5 of 80 is 20

            ejected = mesh.endpoint("b", weight=1.5, healthy=False)
            mesh.publish(Service(REVIEWS, (a, ejected), Stage.ROUTE, 100))
            await mesh.until(lambda found: found["a"] == 10)
            assert await mesh.served() == {"a": 40}

            leaving = mesh.endpoint("a", healthy=False, draining=True)
            mesh.publish(Service(REVIEWS, (leaving, b), Stage.ROUTE, 100))
            await mesh.until(lambda found: found["b"] == 10)
            assert await mesh.served() == {"b": 40}

            mesh.publish(Service(REVIEWS, (a, b), Stage.OBSERVE))
            await mesh.until(lambda found: found["direct"] == 10)
            assert await mesh.served() == {"direct": 40}

            mesh.publish(Service(REVIEWS, (a, b), Stage.ROUTE, 50))
            await mesh.until(lambda found: 0 < found["direct"] < 10)
            found = await mesh.served(200)
            assert 60 <= found["direct"] <= 140
            assert mesh.xds.rejected == 0

    asyncio.run(play())


@pytest.mark.parametrize("api_type", ["GRPC", "DELTA_GRPC"])
def test_envoy_rejects_a_bad_endpoint_once_and_goes_on(tmp_path: Path, api_type: str) -> None:
    async def play() -> None:
        async with world(tmp_path, api_type) as mesh:
            good = Service(REVIEWS, (mesh.endpoint("a"),), Stage.ROUTE, 100)
            mesh.publish(good)
            await mesh.until(lambda found: found["a"] == 10)
            mesh.publish(Service(REVIEWS, (Endpoint("not-an-ip:80"),), Stage.ROUTE, 100))
            async with asyncio.timeout(10):
                while not mesh.xds.rejected:
                    await asyncio.sleep(0.01)
            assert await mesh.served() == {"a": 40}
            assert mesh.xds.rejected == 1
            (rejection,) = mesh.xds.rejections.values()
            assert (rejection.node, rejection.type_url) == ("envoy-1", protocol.EDS)
            assert "not-an-ip" in rejection.detail
            mesh.publish(Service(REVIEWS, (mesh.endpoint("b"),), Stage.ROUTE, 100))
            await mesh.until(lambda found: found["b"] == 10)

    asyncio.run(play())


def test_envoy_takes_services_whose_names_it_could_not_tell_apart(tmp_path: Path) -> None:
    async def play() -> None:
        async with world(tmp_path, "GRPC") as mesh:
            names = [
                ServiceId(name) for name in ("REVIEWS", "a b", "*", "reviews:*", "/0", "Größe", "*.shop")
            ]
            others = [Service(name, (mesh.endpoint("b"),), Stage.ROUTE, 100) for name in names]
            mesh.publish(Service(REVIEWS, (mesh.endpoint("a"),), Stage.ROUTE, 100), *others)
            await mesh.until(lambda found: found["a"] + found["b"] == 10)
            assert mesh.xds.rejected == 0

    asyncio.run(play())


@pytest.mark.parametrize("api_type", ["GRPC", "DELTA_GRPC"])
def test_no_request_fails_while_a_service_leaves_and_comes_back(tmp_path: Path, api_type: str) -> None:
    async def play() -> None:
        async with world(tmp_path, api_type) as mesh:
            routed = Service(REVIEWS, (mesh.endpoint("a"),), Stage.ROUTE, 100)
            empty = Service(REVIEWS, (), Stage.ROUTE, 100)
            mesh.publish(routed)
            await mesh.until(lambda found: found["a"] == 10)
            found: Counter[str] = Counter()
            for gone in ((), (empty,)) * 4:
                for services in (gone, (routed,)):
                    mesh.publish(*services)
                    async with asyncio.timeout(15):
                        while (now := await mesh.served(5))["a"] != 5 * bool(services == (routed,)):
                            found += now
                    found += now
            assert set(found) == {"a", "direct"}
            assert mesh.xds.rejected == 0

    asyncio.run(play())


def test_envoy_tries_again_at_another_endpoint(tmp_path: Path) -> None:
    async def play() -> None:
        async with world(tmp_path, "DELTA_GRPC") as mesh:
            a, dead = mesh.endpoint("a"), Endpoint("127.0.0.1:1")
            mesh.publish(Service(REVIEWS, (a, dead), Stage.ROUTE, 100, retries=Retries(attempts=2)))
            await mesh.until(lambda found: found["a"] == 10)
            # Without a rule for the next try one request in eight would fail.
            assert await mesh.served(200) == {"a": 200}

    asyncio.run(play())


def test_a_bad_endpoint_of_one_service_holds_up_no_other(tmp_path: Path) -> None:
    async def play() -> None:
        async with world(tmp_path, "GRPC") as mesh:
            bad = [Service(ServiceId(name), (Endpoint("not-an-ip:80"),)) for name in ("a", "z")]
            mesh.publish(*bad, Service(REVIEWS, (mesh.endpoint("a"),), Stage.ROUTE, 100))
            await mesh.until(lambda found: found["a"] == 10)
            mesh.publish(
                *(Service(each.name, (Endpoint("not-an-ip:81"),)) for each in bad),
                Service(REVIEWS, (mesh.endpoint("b"),), Stage.ROUTE, 100),
            )
            await mesh.until(lambda found: found["b"] == 10)

    asyncio.run(play())
