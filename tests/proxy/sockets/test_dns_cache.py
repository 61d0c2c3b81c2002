"""The addresses of names: those of now, in turn, and the last known ones while the resolver fails."""

import asyncio
import socket
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from proxy.sockets.dns_cache import DnsCache
from tests.proxy.rig import DEADLINE, play

A, B, C, SIX = "192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1"
NO_SUCH_NAME = socket.gaierror(socket.EAI_NONAME, "no such name")
LOST = socket.gaierror(socket.EAI_AGAIN, "no answer for now")


class Resolver:
    """A resolver that gives one answer after another, the last one again and again."""

    def __init__(self, *answers: list[str] | Exception) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, host: str) -> Sequence[Any]:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        await self.open.wait()
        if isinstance(answer, Exception):
            raise answer
        return [
            (socket.AF_INET6, 1, 6, "", (text, 0, 0, 3 * text.startswith("fe80")))
            if ":" in text
            else (socket.AF_INET, 1, 6, "", (text, 0))
            for text in answer
        ]


class World:
    def __init__(self, *answers: list[str] | Exception, **times: float) -> None:
        self.now = 0.0
        self.resolver = Resolver(*answers)
        self.names = DnsCache(lambda: self.now, resolve=self.resolver, **times)

    async def resolve(self, address: str = "a.test:80") -> list[str]:
        answer: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
        self.names.resolve(address, answer.set_result)
        assert not answer.done()
        async with asyncio.timeout(DEADLINE):
            return await answer


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("127.0.0.1:80", ""),
        ("[::1]:80", ""),
        ("[fe80::1%eth0]:80", ""),
        ("localhost:80", "localhost"),
        ("127.1:80", "127.1"),
        ("a.test.:80", "a.test."),
    ],
)
def test_a_name_is_what_is_no_address(address: str, host: str) -> None:
    assert World([A]).names.host(address) == host


def test_answers_are_remembered_and_unknown_names_do_not_resolve() -> None:
    async def run() -> None:
        for answer, expected in (([A], True), (NO_SUCH_NAME, False), (UnicodeError(), False)):
            names = World(answer).names
            assert names.resolvable("a.test") is None
            answered = asyncio.Event()
            names.look_up("a.test", answered.set)
            async with asyncio.timeout(DEADLINE):
                await answered.wait()
            assert names.resolvable("a.test") is expected

    play(run())


def test_a_resolver_that_does_not_answer_is_not_waited_for() -> None:
    async def run() -> None:
        world = World([A], patience=0.0, timeout=0.05)
        world.resolver.open.clear()
        answered = asyncio.Event()
        world.names.look_up("a.test", answered.set)
        async with asyncio.timeout(DEADLINE):
            await answered.wait()
        assert world.names.resolvable("a.test") is False
        # Who has to connect waits longer; and the answer that comes late is used.
        assert await world.resolve() == []
        world.resolver.open.set()
        assert await world.resolve() == [f"{A}:80"]

    play(run())


@pytest.mark.parametrize("rotates", [False, True])
def test_each_question_begins_with_another_address(rotates: bool) -> None:
    async def run() -> None:
        answers = [[A, B, C], [B, C, A], [C, A, B]] if rotates else [[A, B, C]]
        world = World(*answers * 4)
        orders = [await world.resolve() for _ in range(12)]
        assert Counter(order[0] for order in orders) == {f"{each}:80": 4 for each in (A, B, C)}
        assert all(sorted(order) == [f"{each}:80" for each in (A, B, C)] for order in orders)

    play(run())


def test_questions_at_once_share_an_answer_and_not_its_first_address() -> None:
    async def run() -> None:
        world = World([A, B, C])
        orders = await asyncio.gather(*(world.resolve() for _ in range(30)))
        assert Counter(order[0] for order in orders) == {f"{each}:80": 10 for each in (A, B, C)}
        assert world.resolver.asked == 1

    play(run())


def test_where_each_answer_is_another_address_questions_at_once_are_asked_several_times() -> None:
    async def run() -> None:
        world = World(*[[A], [B], [C]] * 5)
        await world.resolve()
        world.now = 60.0  # also where the name is asked for rarely
        orders = await asyncio.gather(*(world.resolve() for _ in range(30)))
        assert Counter(order[0] for order in orders) == {f"{each}:80": 10 for each in (A, B, C)}
        assert world.resolver.asked == 7
        world.resolver.answers = [[C]]
        await world.resolve()
        world.now = 1000.0
        await asyncio.gather(*(world.resolve() for _ in range(30)))
        assert world.resolver.asked == 9

    play(run())


def test_the_resolvers_family_comes_first_and_the_other_is_next() -> None:
    async def run() -> None:
        world = World([SIX, A, "2001:db8::2", B])
        six, other = f"[{SIX}]:80", "[2001:db8::2]:80"
        assert [await world.resolve() for _ in range(2)] == [
            [other, f"{A}:80", six, f"{B}:80"],
            [six, f"{A}:80", other, f"{B}:80"],
        ]
        world.names.refused([six, other])
        assert (await world.resolve())[:2] == [f"{B}:80", f"{A}:80"]
        assert {tuple((await world.resolve())[2:]) for _ in range(2)} == {(six, other)}
        world.now += 6
        assert (await world.resolve())[0] in (six, other)

    play(run())


def test_a_link_local_address_keeps_its_interface() -> None:
    async def run() -> None:
        assert await World(["fe80::1"]).resolve() == ["[fe80::1%3]:80"]

    play(run())


def test_new_records_are_followed_and_old_answers_are_not_held_for_long() -> None:
    async def run() -> None:
        world = World([A], [B])
        await world.resolve()
        assert world.names.holds("a.test", f"{A}:80")
        assert await world.resolve() == [f"{B}:80"]
        assert not world.names.holds("a.test", f"{A}:80")
        assert world.names.holds("a.test", f"{B}:80")
        world.now += 6
        assert not world.names.holds("a.test", f"{B}:80")

    play(run())


def test_the_last_known_addresses_serve_a_minute_while_the_resolver_fails() -> None:
    async def run() -> None:
        world = World([A], LOST)
        assert await world.resolve() == [f"{A}:80"]
        world.now += 59
        assert await world.resolve() == [f"{A}:80"]
        world.now += 2
        assert await world.resolve() == []

    play(run())


def test_a_failure_of_the_resolver_is_not_remembered() -> None:
    async def run() -> None:
        world = World(LOST, LOST, [A])
        assert [await world.resolve() for _ in range(3)] == [[], [], [f"{A}:80"]]

    play(run())


def test_while_addresses_are_known_a_silent_resolver_is_hardly_waited_for() -> None:
    async def run() -> None:
        world = World([A], timeout=60.0, patience=0.01)
        await world.resolve()
        world.resolver.open.clear()
        assert await world.resolve() == [f"{A}:80"]

    play(run())


def test_that_a_name_does_not_exist_ends_it_and_is_believed_for_a_moment() -> None:
    async def run() -> None:
        world = World([A], NO_SUCH_NAME, [B])
        await world.resolve()
        assert await world.resolve() == []
        assert await world.resolve() == []
        assert world.resolver.asked == 2
        world.now += 1
        assert await world.resolve() == [f"{B}:80"]

    play(run())


def test_names_and_addresses_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.sockets.dns_cache._MAX_NAMES", 3)

    async def run() -> None:
        world = World([f"10.0.{high}.{low}" for high in range(4) for low in range(256)])
        for number in range(5):
            assert len(await world.resolve(f"n{number}.test:80")) == 256
        assert [world.names.resolvable(f"n{number}.test") for number in range(5)] == [
            None,
            None,
            True,
            True,
            True,
        ]

    play(run())
