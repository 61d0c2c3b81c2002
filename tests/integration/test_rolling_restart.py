"""A rolling restart under load loses no request: real sidecars, a real feed, the real engine and ADS."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import grpc
import pytest

from proxy.app import Sidecar
from proxy.config import SidecarConfig
from proxy.contract.model import Stage
from proxy.contract.service_id import ServiceId
from tests.proxy.rig import App, head_fields, play, serving, until, world
from topology.engine import Engine
from topology.policy.models import Policy, ServicePolicy
from topology.settings import EngineSettings
from topology.xds.server import OPTIONS, XdsServer

TICK = 0.05
CLIENTS = 12
GET = b"GET /items HTTP/1.1\r\nHost: reviews\r\n\r\n"
POST = b"POST /items HTTP/1.1\r\nHost: reviews\r\ncontent-length: 4\r\n\r\nbody"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@asynccontextmanager
async def mesh(percent: int) -> AsyncIterator[str]:
    """The control plane alone: engine and ADS."""
    entry = (
        ServicePolicy(stage=Stage.ROUTE, percent=percent) if percent else ServicePolicy(stage=Stage.OBSERVE)
    )
    policy = Policy(services={ServiceId("reviews"): entry})
    engine = Engine(policy, EngineSettings())
    xds = XdsServer(engine, settle=0.0)
    server = grpc.aio.server(options=OPTIONS)
    xds.register(server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()

    async def ticking() -> None:
        while True:
            xds.publish(engine.tick(time.time()).snapshot)
            await asyncio.sleep(TICK)

    task = asyncio.create_task(ticking())
    try:
        yield f"127.0.0.1:{port}"
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await server.stop(None)


async def started(mesh_at: str, service: str, app: str = "", instance: str = "", port: int = 0) -> Sidecar:
    sidecar = Sidecar(
        SidecarConfig(
            service=service,
            app=app,
            instance=instance,
            inbound=f"127.0.0.1:{port}" if app else "",
            outbound="" if app else "127.0.0.1:0",
            admin="",
            mesh=mesh_at,
            drain_notice=0.5,
            drain_time=5.0,
        )
    )
    await sidecar.start()
    return sidecar


def usable(caller: Sidecar) -> Iterator[str]:
    """Addresses the caller would send to now."""
    destination = caller.router.services.get(ServiceId("reviews"))
    for candidate in destination.balancer.candidates.values() if destination else ():
        if candidate.endpoint.healthy:
            yield candidate.endpoint.address


async def grown(what: list[bytes], by: int) -> None:
    """Wait until this many more are there."""
    enough = len(what) + by
    await until(lambda: len(what) >= enough)


async def client(port: int, number: int, stop: asyncio.Event, answers: list[bytes]) -> None:
    """Asks without a pause on one connection for as long as it is kept; never asks twice."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while not stop.is_set():
        writer.write(POST if number % 2 else GET)
        head = await reader.readuntil(b"\r\n\r\n")
        answers.append(head + await reader.readexactly(int(head_fields(head)["content-length"])))
        if head_fields(head).get("connection") == "close":
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(0.002)
    writer.close()


@pytest.mark.parametrize("percent", [100, 50, 0])
def test_a_rolling_restart_under_load_loses_no_request(percent: int) -> None:
    async def run() -> None:
        apps = [App(OK), App(OK)]
        async with serving(apps[0]) as one, serving(apps[1]) as other, mesh(percent) as at:
            caller = await started(at, "web")
            instances = [await started(at, "reviews", app, f"r{n}") for n, app in enumerate((one, other))]
            await until(lambda: len(list(usable(caller))) == 2)
            stop, answers = asyncio.Event(), list[bytes]()
            port = caller.ports["outbound"]
            load = [asyncio.create_task(client(port, n, stop, answers)) for n in range(CLIENTS)]
            for number, app in enumerate((one, other)):
                place = instances[number].ports["inbound"]
                await grown(answers, 50)
                await instances[number].stop()
                assert f"127.0.0.1:{place}" not in list(usable(caller))
                instances[number] = await started(at, "reviews", app, f"r{number}", place)
                await until(lambda: len(list(usable(caller))) == 2)
                await grown(apps[number].heads, 1)
            stop.set()
            await asyncio.gather(*load)
            assert set(answers) == {OK}
            assert len(answers) == sum(len(app.heads) for app in apps)
            for sidecar in (caller, *instances):
                await sidecar.stop()

    play(run())


def test_a_client_that_keeps_its_connection_is_told_before_the_door_closes() -> None:
    async def run() -> None:
        app = App(OK)
        async with serving(app) as address, world(address, drain_notice=0.3) as w:
            reader, writer = await asyncio.open_connection("127.0.0.1", w.inbound)
            stopping: asyncio.Task[None] | None = None
            asked = 0
            while True:
                writer.write(GET)
                asked += 1
                head = await reader.readuntil(b"\r\n\r\n")
                assert await reader.readexactly(2) == b"ok"
                if head_fields(head).get("connection") == "close":
                    break
                if asked == 5:
                    stopping = asyncio.create_task(w.sidecar.stop())
            assert stopping is not None
            assert await reader.read() == b""
            assert asked == len(app.heads)
            await stopping
            writer.close()

    play(run())
