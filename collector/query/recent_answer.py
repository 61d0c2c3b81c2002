"""An answer of the store as it was a moment ago: a slow store keeps nobody waiting."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, Generic, TypeVar

from collector.query.errors import TryLaterError

FRESH: Final = 30.0  # seconds that an answer is good for
_PATIENCE: Final = 0.5  # seconds that the first who ask wait for it

T = TypeVar("T")


class RecentAnswer(Generic[T]):
    """Asks ``question`` now and then, in the background; ``clock`` gives epoch seconds.

    ``absent`` is given until there is an answer. A question that fails is asked again when the answer
    before it is no longer fresh.
    """

    def __init__(
        self, question: Callable[[float], Awaitable[T]], absent: T, clock: Callable[[], float]
    ) -> None:
        self._question = question
        self._clock = clock
        self._answer = absent
        self._answered = False
        self._asked = float("-inf")
        self._asking: asyncio.Task[None] | None = None

    async def get(self) -> T:
        """Return the last answer."""
        now = self._clock()
        if now - self._asked >= FRESH and (self._asking is None or self._asking.done()):
            # Set before the answer comes: a store that fails is asked again after FRESH seconds, not with
            # each request.
            self._asked = now
            self._asking = asyncio.create_task(self._ask(now))
        if not self._answered and self._asking is not None:
            # ``wait`` and not ``wait_for``: a timeout must not cancel the question, whose answer is for all
            # who come next.
            await asyncio.wait({self._asking}, timeout=_PATIENCE)
        return self._answer

    async def _ask(self, now: float) -> None:
        with suppress(TryLaterError):
            self._answer = await self._question(now)
            self._answered = True
