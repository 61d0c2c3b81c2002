"""The health check: two misses are an answer, one hit is."""

import asyncio
import socket

from proxy.control.health import HealthCheck
from tests.proxy.rig import App, play, serving


def test_changes_are_told_once() -> None:
    async def run() -> None:
        told: list[bool] = []
        async with serving(App()) as address:
            health = HealthCheck(address, told.append)
            await health.check()
            await health.check()
            assert (told, health.ready) == ([True], True)
        await health.check()
        assert told == [True]
        await health.check()
        assert (told, health.ready) == ([True, False], False)

    play(run())


def test_a_port_that_does_not_accept_is_a_miss() -> None:
    async def run() -> None:
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            told: list[bool] = []
            health = HealthCheck(f"127.0.0.1:{bound.getsockname()[1]}", told.append)
            await asyncio.gather(health.check(), health.check())
            assert not health.ready

    play(run())
