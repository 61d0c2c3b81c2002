"""The cache of which host names have an address outside the mesh, filled by the system's resolver."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

# Applications may ask for names without end (a crawler); a full cache is emptied, not sorted by age,
# because that is rare and the names come back with the next look-up.
_MAX_NAMES: Final = 10000


class DnsCache:
    """Remembers which host names resolve. ``now`` is the coarse clock, ``ttl`` and ``patience`` are seconds.

    A resolver that does not answer within ``patience`` counts as one that does not know the name:
    a request must not wait for a name server that is away.
    """

    def __init__(self, now: Callable[[], float], ttl: float = 15.0, patience: float = 0.2) -> None:
        self._now = now
        self._ttl = ttl
        self._patience = patience
        self._known: dict[str, tuple[bool, float]] = {}
        # One task for each name under way: a burst of requests to a new name asks the resolver once.
        self._lookups: dict[str, asyncio.Task[None]] = {}

    def resolvable(self, host: str) -> bool | None:
        """True if the host has an address, as far as remembered; None when it must be looked up."""
        known = self._known.get(host)
        if known is None:
            return None
        if self._now() > known[1]:
            self._refresh(host)  # the old answer serves until the new one is there
        return known[0]

    def look_up(self, host: str, then: Callable[[], None]) -> None:
        """Ask the resolver; call ``then`` once ``resolvable`` knows the answer, never at once."""
        task = self._refresh(host)
        # A callback of a task always runs in a later turn of the loop, also where the task has ended.
        task.add_done_callback(lambda _: then())

    def _refresh(self, host: str) -> asyncio.Task[None]:
        task = self._lookups.get(host)
        if task is None:
            task = self._lookups[host] = asyncio.get_running_loop().create_task(self._look_up(host))
            task.add_done_callback(lambda _: self._lookups.pop(host, None))
        return task

    async def _look_up(self, host: str) -> None:
        found = False
        try:
            async with asyncio.timeout(self._patience):
                found = bool(await asyncio.get_running_loop().getaddrinfo(host, None))
        # TimeoutError is an OSError. UnicodeError: a label that is empty or longer than 63 bytes (RFC 1035,
        # 2.3.4).
        except (OSError, UnicodeError):
            found = False
        if len(self._known) >= _MAX_NAMES:
            self._known.clear()
        # Negative answers are kept as long as positive ones: names of services of the mesh exist nowhere
        # else.
        self._known[host] = (found, self._now() + self._ttl)


@dataclass(frozen=True, slots=True)
class Lookup:
    """A look-up that has to end before a destination can be chosen, with what is known of it so far."""

    dns: DnsCache
    host: str
    server: str
    service: str

    def start(self, then: Callable[[], None]) -> None:
        """Ask the resolver; ``then`` is called later, when it is time to choose again."""
        self.dns.look_up(self.host, then)
