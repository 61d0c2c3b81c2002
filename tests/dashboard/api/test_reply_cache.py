import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from dashboard.api.reply_cache import FRESH, Replies


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_fresh_answer_is_shared_and_an_old_one_asked_again() -> None:
    clock, asked = Clock(), iter(range(9))
    replies = Replies(clock)
    assert [replies.get("a", lambda: next(asked)) for _ in range(3)] == [0, 0, 0]
    clock.now = FRESH + 0.1
    assert replies.get("a", lambda: next(asked)) == 1
    assert replies.get("b", lambda: next(asked)) == 2
    replies.clear()
    assert replies.get("a", lambda: next(asked)) == 3


def test_many_who_ask_at_once_cause_one_question() -> None:
    replies, asked, go = Replies(Clock()), [], threading.Event()

    def ask() -> str:
        asked.append(1)
        assert go.wait(20)
        return "answer"

    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(replies.get, "a", ask) for _ in range(8)]
        go.set()
        assert [each.result(20) for each in waiting] == ["answer"] * 8
    assert len(asked) == 1


def test_a_failure_is_told_and_not_kept() -> None:
    replies = Replies(Clock())

    def fail() -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        replies.get("a", fail)
    assert replies.get("a", lambda: "back") == "back"
