"""A cache that shares the reply of equal requests made at about the same time."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final

FRESH: Final = 1.8  # seconds an answer is shared for: a little less than pages wait between questions
_KEPT: Final = 256  # answers


@dataclass(slots=True)
class _Held:
    answer: "Future[Any]" = field(default_factory=Future)
    at: float = 0.0


class Replies:
    """``clock`` gives seconds. Safe for threads."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._lock = threading.Lock()

    def get(self, name: str, ask: Callable[[], Any]) -> Any:
        """Return the reply to ``name``: one younger than ``FRESH``, one that is already waited for, or
        what ``ask`` gives. Raises what ``ask`` raised; failures are passed to all who wait and not kept."""
        with self._lock:
            held = self._held.get(name)
            mine = held is None or (held.answer.done() and self._clock() - held.at > FRESH)
            if held is None or mine:
                if len(self._held) >= _KEPT:
                    self._held.clear()
                held = self._held[name] = _Held()
        if mine:
            self._ask(name, held, ask)
        return held.answer.result()

    def clear(self) -> None:
        """Forget all: something was changed, and what is on its way may be from before."""
        with self._lock:
            self._held.clear()

    def _ask(self, name: str, held: _Held, ask: Callable[[], Any]) -> None:
        try:
            answer = ask()
        except BaseException as error:
            with self._lock:
                if self._held.get(name) is held:
                    del self._held[name]
            held.answer.set_exception(error)
        else:
            held.at = self._clock()
            held.answer.set_result(answer)
