"""A bound on the bytes of requests that are not durable yet: backpressure on senders."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from proxy.contract.option import named

# One second: the queue of the disk, which is what senders wait for here, empties far sooner.
_RETRY_SECONDS: Final = 1


class BusyError(Exception):
    """Too many bytes are waiting: the sender may repeat the request after ``retry_after`` seconds."""

    def __init__(self, message: str, retry_after: int = _RETRY_SECONDS) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Admission:
    """A counter of the bytes of requests in flight, with a ``limit``; used by the event loop alone."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.pending = 0

    @contextmanager
    def reserve(self, size: int) -> Iterator[None]:
        """Count ``size`` bytes as pending for the time of the block. Raises BusyError.

        A request larger than the whole limit is admitted when nothing else is pending: it could never be
        otherwise, and its sender would repeat it for ever.
        """
        if self.pending and self.pending + size > self._limit:
            raise BusyError(
                f"{self.pending} bytes wait for the store (limit {self._limit}); retry, "
                f"or raise {named('max_pending_bytes')}"
            )
        self.pending += size
        # Released in ``finally``, as a sender that disconnects cancels the task in the middle of the block.
        try:
            yield
        finally:
            self.pending -= size
