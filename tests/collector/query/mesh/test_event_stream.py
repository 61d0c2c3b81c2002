"""Server-sent events over real HTTP: what is decided is told at once, and stopping waits for nobody."""

import asyncio
import json
from typing import Any

from aiohttp import ClientResponse, ClientSession, web

from proxy.contract.model import Stage
from proxy.contract.service_id import ServiceId
from tests.collector.query.world import NOW, NOW_US, World

DEADLINE = 10.0


async def next_event(response: ClientResponse) -> dict[str, Any]:
    """The next event's fields; comments are passed over."""
    while True:
        block = (await response.content.readuntil(b"\n\n")).decode().strip()
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            return {**fields, "data": json.loads(fields["data"])}


async def listen(
    world: World, headers: dict[str, str], changes: list[Stage], count: int
) -> list[dict[str, Any]]:
    """Events a listener with ``headers`` gets while the stage of reviews changes."""
    runner = web.AppRunner(world.app())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    async with (
        asyncio.timeout(DEADLINE),
        ClientSession() as client,
        client.get(f"http://{host}:{port}/api/mesh/events", headers=headers) as response,
    ):
        assert response.content_type == "text/event-stream"
        await response.content.readuntil(b": listening\n\n")
        for number, stage in enumerate(changes):
            world.engine.set_stage(ServiceId("reviews"), stage, 100, NOW + number)
        events = [await next_event(response) for _ in range(count)]
        await runner.cleanup()  # with the listener still connected
        assert await response.content.read() == b""
    return events


def test_a_listener_hears_what_is_decided_from_then_on(world: World) -> None:
    world.join("reviews", 15006)
    first, second = asyncio.run(listen(world, {}, [Stage.ROUTE, Stage.OBSERVE], 2))
    assert (first["event"], first["id"]) == ("stage", str(NOW_US))
    assert first["data"]["service"] == "reviews"
    assert (first["data"]["evidence"]["to"], second["data"]["evidence"]["to"]) == ("route", "observe")


def test_a_listener_that_comes_back_hears_what_it_missed(world: World) -> None:
    world.join("reviews", 15006, at=100)
    world.join("cart", 15016, at=50)
    since = {"Last-Event-ID": str(NOW_US - 100_000_000)}
    missed, stage = asyncio.run(listen(world, since, [Stage.ROUTE], 2))
    assert (missed["event"], missed["data"]["kind"], missed["data"]["service"]) == (
        "decision",
        "register",
        "cart",
    )
    assert stage["event"] == "stage"


def test_a_bad_last_event(world: World) -> None:
    status, told = world.refused("/api/mesh/events", headers={"Last-Event-ID": "first"})
    assert status == 400
    assert told.startswith("Last-Event-ID is 'first': write microseconds")
