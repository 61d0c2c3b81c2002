"""How much may wait for the store before senders are asked to wait themselves."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from proxy.contract.option import named

_RETRY_SECONDS: Final = 1


class BusyError(Exception):
    """Too much is waiting already: send the same again after ``retry_after`` seconds."""

    def __init__(self, message: str, retry_after: int = _RETRY_SECONDS) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Admission:
    """Counts the bytes of requests that wait, and refuses what would pass the limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.pending = 0

    @contextmanager
    def hold(self, size: int) -> Iterator[None]:
        """Count ``size`` bytes as waiting for the time of the block. Raises BusyError.

        A request larger than the whole limit is let in when nothing else waits.
        """
        if self.pending and self.pending + size > self._limit:
            raise BusyError(
                f"{self.pending} bytes wait for the store (limit {self._limit}); retry, "
                f"or raise {named('max_pending_bytes')}"
            )
        self.pending += size
        try:
            yield
        finally:
            self.pending -= size
