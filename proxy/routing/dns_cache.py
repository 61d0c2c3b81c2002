"""Whether a host name means something outside the mesh: asked of the resolver, remembered a while."""

import asyncio
from collections.abc import Callable
from typing import Final

_MAX_NAMES: Final = 10000


class Names:
    """Answers about host names. ``now`` is the coarse clock in seconds.

    A resolver that does not answer within ``patience`` seconds counts as one that does not know:
    a request must not wait for a name server that is away.
    """

    def __init__(self, now: Callable[[], float], ttl: float = 15.0, patience: float = 0.2) -> None:
        self._now = now
        self._ttl = ttl
        self._patience = patience
        self._known: dict[str, tuple[bool, float]] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}

    def resolvable(self, host: str) -> bool | None:
        """What is remembered; None when it must be asked."""
        known = self._known.get(host)
        if known is None:
            return None
        if self._now() > known[1]:
            self._refresh(host)  # what was true a moment ago serves until the answer is there
        return known[0]

    def ask(self, host: str, then: Callable[[bool], None]) -> None:
        """Call ``then`` with the answer, later."""
        task = self._refresh(host)
        task.add_done_callback(lambda _: then(self._known.get(host, (False, 0.0))[0]))

    def _refresh(self, host: str) -> asyncio.Task[None]:
        task = self._asking.get(host)
        if task is None:
            task = self._asking[host] = asyncio.get_running_loop().create_task(self._look_up(host))
            task.add_done_callback(lambda _: self._asking.pop(host, None))
        return task

    async def _look_up(self, host: str) -> None:
        found = False
        try:
            async with asyncio.timeout(self._patience):
                found = bool(await asyncio.get_running_loop().getaddrinfo(host, None))
        except (OSError, UnicodeError):
            found = False
        if len(self._known) >= _MAX_NAMES:
            self._known.clear()
        self._known[host] = (found, self._now() + self._ttl)
