"""Which of two spans about one message or query counts."""

import pytest

from topology.spans import node_use
from topology.spans.exchanges import Role
from topology.spans.node_use import NodeUse


def test_messages_are_counted_by_the_finer_spans_where_a_service_makes_them() -> None:
    use = NodeUse()
    assert not use.is_counted_finer("mail", "kafka/orders", Role.RECEIVE, 1000)
    use.note("mail", "kafka/orders", Role.PROCESS, 1000)
    assert use.is_counted_finer("mail", "kafka/orders", Role.RECEIVE, 1100)
    assert not use.is_counted_finer("mail", "kafka/orders", Role.PROCESS, 1100)
    assert not use.is_counted_finer("mail", "kafka/bills", Role.RECEIVE, 1100)
    assert not use.is_counted_finer("stock", "kafka/orders", Role.RECEIVE, 1100)
    assert not use.is_counted_finer("mail", "kafka/orders", Role.SEND, 1100)
    assert not use.is_counted_finer("mail", "kafka/orders", Role.RECEIVE, 1700)


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_use, "_LIMIT", 2)
    use = NodeUse()
    for number in range(5):
        use.note("web", f"q{number}", Role.CREATE, 1000)
    assert [use.is_counted_finer("web", f"q{number}", Role.SEND, 1000) for number in range(5)] == [
        False,
        False,
        False,
        True,
        True,
    ]


def test_some_databases_answer_with_spans_of_their_own() -> None:
    use = NodeUse()
    use.note_answer("cart", "mysql/shop", 1000)
    assert use.is_answered("cart", "mysql/shop", 1100)
    assert not use.is_answered("cart", "mysql/shop", 1700)
    assert not use.is_answered("stock", "mysql/shop", 1100)
