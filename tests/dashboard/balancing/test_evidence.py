from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dashboard.balancing.evidence import told
from tests.dashboard.made_mesh import decision

FAILURES: dict[str, Any] = {
    "kind": "failures",
    "seconds": 30.0,
    "window": 10.0,
    "count": 240,
    "errors": 98,
    "peer_count": 480,
    "peer_errors": 1,
    "peers": ["a:1", "b:1"],
    "confirmed": "a probe failed",
    "reporters": {"catalog-1": {"count": 240, "errors": 98}},
}
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def test_failures_are_compared_with_the_peers() -> None:
    found = told(decision("eject", "c:1", **FAILURES))
    assert found.words == (
        "Seen by catalog-1, and a probe failed.",
        "Compared with a:1, b:1.",
    )
    assert [(bar.what, bar.value) for bar in found.bars] == [
        ("this endpoint", "40.83 % of 240"),
        ("its peers", "0.2 % of 480"),
    ]
    assert found.bars[0].share == 1.0
    assert found.pairs == (("out for", "30 s"),)


def test_latency_is_told_with_its_unit() -> None:
    found = told(decision("eject", "c:1", **FAILURES, latency_ms=340.0, peer_latency_ms=17.0))
    assert [bar.value for bar in found.bars] == ["340 ms", "17 ms"]
    assert found.bars[1].share == 0.05


def test_a_stall_names_each_reporter_and_how_long_it_waits() -> None:
    found = told(
        decision(
            "eject",
            "c:1",
            open=7,
            oldest=3.2,
            peers=[],
            confirmed="",
            reporters={"a": {"open": 4, "oldest": 3.2}, "b": {"open": 3, "oldest": 1.6}},
        )
    )
    assert "7 requests are open" in found.words[0]
    assert [(bar.what, bar.value) for bar in found.bars] == [("a", "3.2 s"), ("b", "1.6 s")]


def test_a_weight_shows_before_and_now() -> None:
    found = told(decision("weight", "c:1", **{"from": 1.0, "to": 0.5}, latency_ratio=2.0, calls=90))
    assert [(bar.what, bar.share) for bar in found.bars] == [("before", 1.0), ("now", 0.5)]
    assert "2.00 times its peers'" in found.words[0]


def test_the_guard_tells_both_arms() -> None:
    found = told(
        decision(
            "stage",
            from_percent=25,
            to_percent=0,
            figure="p99",
            direct=0.1,
            routed=0.2,
            direct_count=900,
            routed_count=300,
            level=0.001,
            origin="guard",
        )
    )
    assert [bar.value for bar in found.bars] == ["100 ms of 900", "200 ms of 300"]
    assert found.pairs == (("over", "guard"),)


KEYS = (
    *FAILURES,
    "latency_ms",
    "peer_latency_ms",
    "open",
    "oldest",
    "figure",
    "direct",
    "routed",
    "from",
    "to",
    "latency_ratio",
    "direct_count",
    "routed_count",
    "level",
    "from_percent",
    "to_percent",
)


@given(st.dictionaries(st.sampled_from(KEYS), ANY))
def test_whatever_stands_there_something_is_told(evidence: dict[str, Any]) -> None:
    found = told(decision("eject", "c:1", **evidence))
    assert all(isinstance(word, str) for word in found.words)
    assert all(isinstance(value, str) for _, value in found.pairs)
