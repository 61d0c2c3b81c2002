"""The sorts of spans that services are known to make about a database or queue.

SDKs describe one message by up to two spans on each side, which need not be in one trace: ``create`` and
``send``, ``receive`` and ``process``. The finer of the two counts where a service makes it. And some
databases (gateways that speak their protocol) send spans of their own.
"""

from typing import Final

from topology.spans.exchanges import Role

_KEPT: Final = 600.0  # seconds since the last span of a sort for which it is expected again
_LIMIT: Final = 20_000
_FINER: Final = {Role.SEND: Role.CREATE, Role.RECEIVE: Role.PROCESS}


class NodeUse:
    """Spans of services by the database or queue that they are about; times are epoch seconds."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, Role], float] = {}

    def note(self, service: str, queue: str, role: Role, now: float) -> None:
        """Note a span of a service about a queue."""
        if role is Role.CREATE or role is Role.PROCESS:
            self._note((service, queue, role), now)

    def note_answer(self, service: str, database: str, now: float) -> None:
        """Note that a call to a database was answered by a service with spans of its own."""
        self._note((service, database, Role.DATABASE), now)

    def _note(self, key: tuple[str, str, Role], now: float) -> None:
        # At the end: the order of the dict is that of the last use.
        self._seen.pop(key, None)
        self._seen[key] = now
        if len(self._seen) > _LIMIT:
            del self._seen[next(iter(self._seen))]

    def is_counted_finer(self, service: str, queue: str, role: Role, now: float) -> bool:
        """True if the service's messages of this queue are counted by spans of their own."""
        finer = _FINER.get(role)
        return finer is not None and self._is_used((service, queue, finer), now)

    def is_answered(self, service: str, database: str, now: float) -> bool:
        """True if the service's calls to a database are usually answered by spans."""
        return self._is_used((service, database, Role.DATABASE), now)

    def _is_used(self, key: tuple[str, str, Role], now: float) -> bool:
        return now - self._seen.get(key, now - _KEPT) < _KEPT
