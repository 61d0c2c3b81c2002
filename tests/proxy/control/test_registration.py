"""An instance registers with its state, drains, and reports what is missing."""

import asyncio
from collections.abc import Callable

import pytest

from proxy.config import SidecarConfig
from proxy.contract.model import MeshView, Node, NodeState
from proxy.control import health
from proxy.control.registration import Registration, resource
from tests.proxy.rig import App, FakeClient, play, serving, until


class Clients:
    """A factory of xDS clients that the test controls; it keeps the last one."""

    last: FakeClient

    def __call__(self, target: str, node: Node, on_view: Callable[[MeshView], None]) -> FakeClient:
        self.last = FakeClient(target, node, on_view)
        return self.last


def config(app: str) -> SidecarConfig:
    return SidecarConfig(service="cart", app=app, mesh="127.0.0.1:1", version="v2", instance="cart-1")


def test_it_registers_ready_once_the_application_answers_and_leaves_by_draining() -> None:
    async def run() -> None:
        made = Clients()
        async with serving(App()) as address:
            registration = Registration(config(address), made)
            await registration.start("10.0.0.1:15006")
            node = made.last.node
            assert (node.address, node.app, node.version) == ("10.0.0.1:15006", address, "v2")
            assert node.state is NodeState.READY
            assert registration.missing() == ""
            registration.drain()
            assert made.last.states == [NodeState.DRAINING]
            assert registration.missing() == "draining"
            await registration.stop()

    play(run())


def test_an_application_that_goes_away_and_comes_back_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PERIOD", 0.01)

    async def run() -> None:
        made = Clients()
        async with serving(App()) as address:
            registration = Registration(config(address), made)
            await registration.start("")
        await until(lambda: made.last.states == [NodeState.UNREADY])
        assert registration.missing() == f"nothing answers at {address}: start the application"
        assert registration.stats()["app_ready"] is False
        host, port = address.split(":")
        server = await asyncio.start_server(lambda _, writer: writer.close(), host, int(port))
        await until(lambda: made.last.states == [NodeState.UNREADY, NodeState.READY])
        server.close()
        await registration.stop()

    play(run())


def test_every_view_of_the_mesh_reaches_whoever_uses_it() -> None:
    async def run() -> None:
        made, views = Clients(), list[MeshView]()
        registration = Registration(SidecarConfig(service="cart", inbound="", mesh="127.0.0.1:1"), made)
        registration.on_view = views.append
        await registration.start("")
        assert made.last.node.state is NodeState.READY  # there is no application to wait for
        made.last.on_view({})
        assert views == [{}]
        await registration.stop()

    play(run())


def test_a_resource_names_what_is_known_of_the_instance() -> None:
    assert resource(config("127.0.0.1:1")) == {
        "service.name": "cart",
        "service.instance.id": "cart-1",
        "service.version": "v2",
    }
