"""The sorts of messaging spans that services are known to make, by queue.

SDKs describe one message by up to two spans on each side, which need not be in one trace: ``create`` and
``send``, ``receive`` and ``process``. The finer of the two counts where a service makes it.
"""

from typing import Final

from topology.graph.exchanges import Role

_KEPT: Final = 600.0  # seconds since the last span of a sort for which it is expected again
_LIMIT: Final = 20_000
_FINER: Final = {Role.SEND: Role.CREATE, Role.RECEIVE: Role.PROCESS}


class QueueUse:
    """The ``create`` and ``process`` spans of services by queue; times are epoch seconds."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, Role], float] = {}

    def note(self, service: str, queue: str, role: Role, now: float) -> None:
        """Note a span of a service about a queue."""
        if role is Role.CREATE or role is Role.PROCESS:
            key = (service, queue, role)
            # At the end: the order of the dict is that of the last use.
            self._seen.pop(key, None)
            self._seen[key] = now
            if len(self._seen) > _LIMIT:
                del self._seen[next(iter(self._seen))]

    def is_counted_finer(self, service: str, queue: str, role: Role, now: float) -> bool:
        """True if the service's messages of this queue are counted by spans of their own."""
        finer = _FINER.get(role)
        return finer is not None and now - self._seen.get((service, queue, finer), now - _KEPT) < _KEPT
