"""Whether a name means something outside the mesh."""

import asyncio

from proxy.routing.dns_cache import DnsCache
from tests.proxy.rig import play


def test_answers_are_remembered_and_unknown_names_do_not_resolve() -> None:
    async def run() -> None:
        names = DnsCache(lambda: 0.0)
        for host, expected in (("localhost", True), ("no-such-service.invalid", False)):
            assert names.resolvable(host) is None
            answered = asyncio.Event()
            names.look_up(host, answered.set)
            async with asyncio.timeout(5):
                await answered.wait()
            assert names.resolvable(host) is expected

    play(run())


def test_a_resolver_that_does_not_answer_is_not_waited_for() -> None:
    async def run() -> None:
        names = DnsCache(lambda: 0.0, patience=0.0)
        answered = asyncio.Event()
        names.look_up("localhost", answered.set)
        async with asyncio.timeout(5):
            await answered.wait()
        assert names.resolvable("localhost") is False

    play(run())
