"""The find language: what matches, and what a mistake is told."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.topology.graph_filter import FindError, parse

NODE: dict[str, Any] = {
    "name": "Payment",
    "kind": "service",
    "count": 120,
    "errors": 3,
    "rate": 12.0,
    "success": 0.975,
    "p50": 20.0,
    "p90": 90.0,
    "p99": 640.0,
    "sidecar": True,
    "stage": "route",
    "percent": 25,
    "endpoints": 3,
    "ejected": 1,
    "versions": ["v1", "v2"],
    "zones": ["eu-1"],
    "namespaces": ["shop"],
}
IDLE: dict[str, Any] = {
    **NODE,
    "name": "audit log",
    "count": 0,
    "errors": 0,
    "rate": 0.0,
    "success": None,
    "p50": None,
    "p90": None,
    "p99": None,
    "sidecar": False,
    "ejected": 0,
    "versions": [],
}
EDGE: dict[str, Any] = {
    "source": "web",
    "target": "Payment",
    "protocol": "http",
    "count": 10,
    "errors": 0,
    "rate": 1.0,
    "success": 1.0,
    "p50": 5.0,
    "p90": 6.0,
    "p99": 7.0,
    "encrypted": "partly",
}


@pytest.mark.parametrize(
    ("text", "node", "idle", "edge"),
    [
        ("rt > 500", True, False, False),
        ("rt > 0.5s", True, False, False),
        ("p50 <= 20", True, False, True),
        ("error > 1%", True, False, False),
        ("success = 100", False, False, True),
        ("!traffic", False, True, False),
        ("name ~ pay", True, False, False),
        ("name !~ pay", False, True, False),
        ('name = "audit log"', False, True, False),
        ("name = PAYMENT", True, False, False),
        ("version = v2", True, False, False),
        ("from = web and to ~ pay", False, False, True),
        ("protocol != tcp", False, False, True),
        ("rate >= 12rps or idle", True, True, False),
        ("ejected && (rate > 100 || p99 > 600ms)", True, False, False),
        ("not not sidecar", True, False, False),
        ("!(node or traffic)", False, False, False),
        ("edge", False, False, True),
        ("stage = route and percent < 30%", True, True, False),
        ("namespace = shop and zone ~ eu", True, True, False),
        ("encrypted = partly", False, False, True),
        ("encrypted != unknown", False, False, True),
        ("", False, False, False),
        ("   ", False, False, False),
    ],
)
def test_what_an_expression_matches(text: str, node: bool, idle: bool, edge: bool) -> None:
    test = parse(text)
    assert (test(NODE), test(IDLE), test(EDGE)) == (node, idle, edge)


def test_and_binds_closer_than_or() -> None:
    assert parse("traffic or idle and name = nobody")(NODE)
    assert not parse("(traffic or idle) and name = nobody")(NODE)


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("rtt > 5", 1, "'rtt' is not a field"),
        ("rt >", 5, "a value is missing"),
        ("rt", 3, "compare rt"),
        ("rt ~ 5", 4, "is a number"),
        ("rt > fast", 6, "write a number"),
        ("rt > 5%", 6, "units: us, µs, ms, s, min"),
        ("name > a", 6, "is a word"),
        ("traffic idle", 9, "and or or"),
        ("(traffic", 9, "close the parenthesis"),
        ("traffic and", 12, "a field is missing"),
        ('name = "pay', 8, "quote names"),
        ("= 5", 1, "is not a field"),
    ],
)
def test_a_mistake_is_told_at_its_column(text: str, column: int, says: str) -> None:
    with pytest.raises(FindError) as caught:
        parse(text)
    assert caught.value.column == column
    assert says in str(caught.value)


WORDS = ["rt", ">", "5", "and", "or", "!", "(", ")", "name", "~", '"x"', "traffic", "=", "1%"]


@given(st.text(max_size=60) | st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join))
def test_any_text_is_an_expression_or_a_mistake_within_it(text: str) -> None:
    column = 1
    try:
        test = parse(text)
    except FindError as error:
        column = error.column
    else:
        assert {test(NODE), test(IDLE), test(EDGE)} <= {True, False}
    assert 1 <= column <= len(text) + 1


def test_endless_nesting_is_a_mistake() -> None:
    with pytest.raises(FindError, match="nest at most"):
        parse("(" * 3000)
