"""One timer for a try and for the whole request, on a real loop."""

import asyncio
from typing import Any

from proxy.http.deadline import Deadline
from tests.proxy.rig import until


class Request:
    """An exchange as far as a deadline knows it."""

    def __init__(self) -> None:
        self.request_done = True
        self.responded = False
        self.told: list[bool] = []

    def expired(self, detail: str, *, final: bool) -> None:
        assert detail.startswith("no ")
        self.told.append(final)


def play(timeout: float, per_try: float, check: Any) -> None:
    async def run() -> None:
        request = Request()
        await check(request, Deadline(request, timeout, per_try))

    asyncio.run(run())


def test_a_try_ends_and_so_does_the_whole() -> None:
    async def check(request: Request, deadline: Deadline) -> None:
        deadline.attempt()
        await until(lambda: request.told == [False])
        deadline.attempt()
        await until(lambda: request.told == [False, False])
        deadline.attempt()
        await until(lambda: request.told == [False, False, True])

    play(0.05, 0.02, check)


def test_once_a_response_began_only_the_whole_counts() -> None:
    async def check(request: Request, deadline: Deadline) -> None:
        deadline.attempt()
        request.responded = True
        await until(lambda: bool(request.told))
        assert request.told == [True]

    play(0.06, 0.02, check)


def test_time_runs_from_the_end_of_the_request_and_not_after_a_cancel() -> None:
    async def check(request: Request, deadline: Deadline) -> None:
        request.request_done = False
        deadline.attempt()
        await asyncio.sleep(0.05)
        assert not request.told
        request.request_done = True
        deadline.attempt()
        deadline.cancel()
        await asyncio.sleep(0.05)
        assert not request.told

    play(0.01, 0.0, check)
