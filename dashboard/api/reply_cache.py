"""A cache that shares the reply of equal requests made at about the same time."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final

FRESH: Final = 1.8  # seconds an answer is shared for: a little less than pages wait between questions
_KEPT: Final = 256  # answers


@dataclass(slots=True)
class _Entry:
    answer: "Future[Any]" = field(default_factory=Future)
    at: float = 0.0


class Replies:
    """``clock`` gives seconds. Safe for threads."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._lock = threading.Lock()

    def get(self, name: str, ask: Callable[[], Any]) -> Any:
        """Return the reply to ``name``: one younger than ``FRESH``, one that is already waited for, or
        what ``ask`` gives. Raises what ``ask`` raised; failures are passed to all who wait and not kept."""
        with self._lock:
            entry = self._entries.get(name)
            # One that is not done is waited for, however long ago it was asked: a second request would not be
            # faster.
            mine = entry is None or (entry.answer.done() and self._clock() - entry.at > FRESH)
            if entry is None or mine:
                if len(self._entries) >= _KEPT:
                    # All at once: replies live for two seconds, so a smarter choice would hardly keep any of
                    # them longer.
                    self._entries.clear()
                entry = self._entries[name] = _Entry()
        if mine:
            # Outside the lock: others must be able to find the entry and wait for it.
            self._ask(name, entry, ask)
        return entry.answer.result()

    def clear(self) -> None:
        """Forget all: something was changed, and what is on its way may be from before."""
        with self._lock:
            self._entries.clear()

    def _ask(self, name: str, entry: _Entry, ask: Callable[[], Any]) -> None:
        try:
            answer = ask()
        except BaseException as error:
            with self._lock:
                # After ``clear`` the name may belong to a newer request.
                if self._entries.get(name) is entry:
                    del self._entries[name]
            entry.answer.set_exception(error)
        else:
            # Before the result is set, or a thread that sees it done would find it too old.
            entry.at = self._clock()
            entry.answer.set_result(answer)
