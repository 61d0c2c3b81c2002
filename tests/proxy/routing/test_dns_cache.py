"""Whether a name means something outside the mesh."""

import asyncio

from proxy.routing.dns_cache import Names
from tests.proxy.rig import play


def test_answers_are_remembered_and_unknown_names_do_not_resolve() -> None:
    async def run() -> None:
        names = Names(lambda: 0.0)
        for host, expected in (("localhost", True), ("no-such-service.invalid", False)):
            assert names.resolvable(host) is None
            answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            names.ask(host, answer.set_result)
            async with asyncio.timeout(5):
                assert await answer is expected
            assert names.resolvable(host) is expected

    play(run())


def test_a_resolver_that_does_not_answer_is_not_waited_for() -> None:
    async def run() -> None:
        names = Names(lambda: 0.0, patience=0.0)
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        names.ask("localhost", answer.set_result)
        async with asyncio.timeout(5):
            assert await answer is False

    play(run())
