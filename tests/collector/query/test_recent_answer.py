"""An answer of a moment ago, whatever the store does."""

import asyncio

from collector.query.errors import TryLaterError
from collector.query.recent_answer import FRESH, RecentAnswer


class Question:
    """Counts how often it is asked; ``waits`` holds the answer back, ``down`` refuses it."""

    def __init__(self) -> None:
        self.asked = 0
        self.down = False
        self.waits = asyncio.Event()
        self.waits.set()

    async def __call__(self, now: float) -> str:
        self.asked += 1
        await self.waits.wait()
        if self.down:
            raise TryLaterError("the store cannot answer")
        return f"answer {self.asked}"


def test_it_is_asked_again_only_when_it_is_no_longer_fresh() -> None:
    async def run() -> None:
        now, question = [0.0], Question()
        recent = RecentAnswer(question, "", lambda: now[0])
        assert [await recent.get() for _ in range(3)] == ["answer 1"] * 3
        now[0] = FRESH
        assert await recent.get() == "answer 1"  # the next one is on its way
        await asyncio.sleep(0)
        assert (await recent.get(), question.asked) == ("answer 2", 2)

    asyncio.run(run())


def test_while_the_store_is_down_the_last_answer_stays() -> None:
    async def run() -> None:
        now, question = [0.0], Question()
        recent = RecentAnswer(question, "", lambda: now[0])
        await recent.get()
        question.down, now[0] = True, FRESH
        await recent.get()
        await asyncio.sleep(0)
        assert (await recent.get(), question.asked) == ("answer 1", 2)

    asyncio.run(run())


def test_until_there_is_an_answer_the_absent_one_is_given() -> None:
    async def run() -> None:
        question = Question()
        question.waits.clear()
        recent = RecentAnswer(question, "absent", lambda: 0.0)
        assert await recent.get() == "absent"
        question.waits.set()
        while await recent.get() == "absent":
            await asyncio.sleep(0)
        assert question.asked == 1

    asyncio.run(run())
