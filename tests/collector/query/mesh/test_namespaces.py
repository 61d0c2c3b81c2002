"""Namespaces: what sidecars say, what resources of spans say, now and then."""

import asyncio
from typing import Any

from collector.query.bounded_reader import BoundedReader
from collector.query.errors import TryLaterError
from collector.query.mesh.namespaces import Namespaces
from collector.query.params import Window
from collector.query.recent_answer import FRESH
from tests.collector.query.world import NOW, NOW_US, ONE, Calls, Span, World

DAY = Window(NOW_US - 60_000_000, NOW_US)


def seen(world: World) -> None:
    world.spans(
        Span(ONE, "b7ad6b7169203331", service="frontend", resource={"service.namespace": "shop"}),
        Span(
            ONE,
            "b7ad6b7169203332",
            service="reviews",
            resource={"service.namespace": "shop", "k8s.namespace.name": "prod"},
        ),
        Span(ONE, "b7ad6b7169203333", service="mail", resource={"k8s.namespace.name": "prod"}),
        Span(ONE, "b7ad6b7169203334", service="mail", resource={"k8s.namespace.name": "staging"}),
        Span(ONE, "b7ad6b7169203335", service="plain"),
    )


def test_a_past_graph_has_the_namespaces_of_its_spans(world: World) -> None:
    seen(world)
    world.calls(Calls("frontend", "reviews", 30), Calls("reviews", "mail", 30), Calls("mail", "plain", 30))
    graph = world.get("/api/mesh/graph", start=NOW_US - 60_000_000, end=NOW_US - 10_000_000)
    assert {node["name"]: node["namespaces"] for node in graph["nodes"]} == {
        "frontend": ["shop"],
        "mail": ["prod", "staging"],
        "plain": [],
        "reviews": ["shop"],
    }


def test_what_a_sidecar_says_stands(world: World) -> None:
    seen(world)
    world.join("mail", 15006, namespace="post")
    [node] = world.get("/api/mesh/services")["services"]
    assert (node["name"], node["namespaces"]) == ("mail", ["post"])


def test_the_store_is_asked_now_and_then_and_its_silence_holds_nobody_up(world: World) -> None:
    class Counted(BoundedReader):
        asked = 0
        down = False

        async def rows(self, *given: Any) -> list[tuple[Any, ...]]:
            self.asked += 1
            if self.down:
                raise TryLaterError("the store cannot answer")
            return await super().rows(*given)

    seen(world)
    store = Counted(world.reader)
    now = [float(NOW)]

    async def run() -> None:
        spaces = Namespaces(store, lambda: now[0])
        while not await spaces.recent():
            await asyncio.sleep(0.01)
        assert (await spaces.recent())["frontend"] == ("shop",)
        assert store.asked == 1
        now[0] += FRESH
        store.down = True
        assert (await spaces.recent())["frontend"] == ("shop",)
        await asyncio.sleep(0)
        assert store.asked == 2
        assert (await spaces.recent())["frontend"] == ("shop",)

    asyncio.run(run())
