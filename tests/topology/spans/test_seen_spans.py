"""Spans that come again, within a bound."""

import pytest

from topology.spans import seen_spans
from topology.spans.seen_spans import SeenSpans


def test_a_span_is_new_once_and_each_half_of_a_shared_one() -> None:
    seen = SeenSpans()
    assert [seen.add(b"a", serves, 100) for serves in (False, True, False, True)] == [
        False,
        False,
        True,
        True,
    ]
    assert b"a" in seen
    assert b"b" not in seen


def test_spans_are_remembered_for_minutes() -> None:
    seen = SeenSpans()
    seen.add(b"a", False, 1000)
    seen.add(b"b", False, 1290)
    assert seen.add(b"a", False, 1299)
    seen.add(b"c", False, 1310)
    assert seen.add(b"a", False, 1599)
    seen.add(b"d", False, 1620)
    assert not seen.add(b"a", False, 1630)


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_spans, "_GENERATION", 10)
    seen = SeenSpans()
    for number in range(40):
        seen.add(b"%d" % number, False, 1000)
    assert b"39" in seen
    assert b"25" in seen
    assert b"5" not in seen
