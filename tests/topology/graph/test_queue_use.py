"""Which of two spans about one message counts."""

import pytest

from topology.graph import queue_use
from topology.graph.exchanges import Role
from topology.graph.queue_use import QueueUse


def test_messages_are_counted_by_the_finer_spans_where_a_service_makes_them() -> None:
    use = QueueUse()
    assert not use.is_counted_finer("mail", "kafka/orders", Role.RECEIVE, 1000)
    use.note("mail", "kafka/orders", Role.PROCESS, 1000)
    assert use.is_counted_finer("mail", "kafka/orders", Role.RECEIVE, 1100)
    assert not use.is_counted_finer("mail", "kafka/orders", Role.PROCESS, 1100)
    assert not use.is_counted_finer("mail", "kafka/bills", Role.RECEIVE, 1100)
    assert not use.is_counted_finer("stock", "kafka/orders", Role.RECEIVE, 1100)
    assert not use.is_counted_finer("mail", "kafka/orders", Role.SEND, 1100)
    assert not use.is_counted_finer("mail", "kafka/orders", Role.RECEIVE, 1700)


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_use, "_LIMIT", 2)
    use = QueueUse()
    for number in range(5):
        use.note("web", f"q{number}", Role.CREATE, 1000)
    assert [use.is_counted_finer("web", f"q{number}", Role.SEND, 1000) for number in range(5)] == [
        False,
        False,
        False,
        True,
        True,
    ]
