"""Writes that leave together: in order, none lost, and no waiting where few come."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from proxy.sockets.write_batch import WriteBatch


def running(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """A test that needs an event loop."""

    @wraps(test)
    def run() -> None:
        asyncio.run(test())

    return run


class Wire:
    """A transport that remembers what reached it."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closing = False

    def write(self, data: bytes) -> None:
        assert not self.closing
        self.sent.append(data)

    def is_closing(self) -> bool:
        return self.closing


def transport(wire: Wire) -> asyncio.Transport:
    return cast(asyncio.Transport, wire)


async def crowded(batch: WriteBatch, wire: Wire) -> None:
    """A turn of many writes, after which the next one waits."""
    for _ in range(200):
        batch.write(transport(wire), b"")
    await asyncio.sleep(0)
    wire.sent.clear()


@running
async def test_many_writes_of_a_turn_leave_at_its_end() -> None:
    batch, wire = WriteBatch(), Wire()
    await crowded(batch, wire)
    for number in range(20):
        batch.write(transport(wire), b"%d" % number)
    assert wire.sent == []
    await asyncio.sleep(0)
    assert wire.sent == [b"%d" % number for number in range(20)]


@running
async def test_after_a_turn_of_few_writes_the_next_do_not_wait() -> None:
    batch, wire = WriteBatch(), Wire()
    batch.write(transport(wire), b"first")
    await asyncio.sleep(0)
    batch.write(transport(wire), b"second")
    assert wire.sent == [b"first", b"second"]


@running
async def test_flush_sends_what_waits_at_once_and_only_once() -> None:
    batch, wire = WriteBatch(), Wire()
    batch.write(transport(wire), b"a")
    batch.flush()
    assert wire.sent == [b"a"]
    await asyncio.sleep(0)
    assert wire.sent == [b"a"]


@running
async def test_what_is_large_does_not_wait_and_overtakes_nothing() -> None:
    batch, wire = WriteBatch(), Wire()
    batch.write(transport(wire), b"head")
    batch.write(transport(wire), bytes(10_000))
    assert wire.sent == [b"head", bytes(10_000)]


@running
async def test_a_connection_reset_meanwhile_costs_the_others_nothing() -> None:
    batch, gone, there = WriteBatch(), Wire(), Wire()
    batch.write(transport(gone), b"x")
    batch.write(transport(there), b"y")
    gone.closing = True
    await asyncio.sleep(0)
    assert (gone.sent, there.sent) == ([], [b"y"])


@given(st.lists(st.tuples(st.sampled_from(["write", "turn", "flush"]), st.integers(0, 2)), max_size=300))
def test_order_is_kept_on_every_connection(steps: list[tuple[str, int]]) -> None:
    async def play() -> None:
        batch, wires = WriteBatch(), [Wire(), Wire(), Wire()]
        expected: list[list[bytes]] = [[], [], []]
        for number, (step, which) in enumerate(steps):
            if step == "write":
                batch.write(transport(wires[which]), b"%d" % number)
                expected[which].append(b"%d" % number)
            elif step == "turn":
                await asyncio.sleep(0)
            else:
                batch.flush()
        await asyncio.sleep(0)
        assert [wire.sent for wire in wires] == expected

    asyncio.run(play())
