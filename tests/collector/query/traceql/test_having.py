"""When the store alone decides which traces match, and which spans of them are kept."""

import pytest

from collector.query.traceql import compiled, parse
from tests.collector.query.traceql.test_compiled import HOUR


@pytest.mark.parametrize(
    ("said", "exact", "kept"),
    [
        ("{ .a }", True, True),
        ("{ .a } && { .b }", True, True),
        ("{ .a } && { .b } || { .c }", True, False),
        ("{ .a } | max(duration) - min(duration) > 1s", True, True),
        ("{ .a } | count() * 2 > avg(.b)", True, True),
        ("{ .a } | by(name)", True, True),
        ("{ .a } | by(name) | count() > 1", False, False),
        ("{ .a } | count() > 1 | { .b }", False, False),
        ("{ .a } > { .b }", False, False),
        ("{ nestedSetLeft > 1 }", False, False),
        ("{ nestedSetParent < 0 }", True, True),
        ("{ .a } | avg(childCount) > 1", False, False),
        ("{ .a } | select(nestedSetLeft)", False, False),
        ("count() > 1", True, True),
    ],
)
def test_what_the_store_decides(said: str, exact: bool, kept: bool) -> None:
    made = compiled(parse(said), HOUR)
    assert (made.exact, made.kept is not None) == (exact, kept)
