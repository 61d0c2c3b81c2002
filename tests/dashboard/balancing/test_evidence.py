"""Evidence in words, bars and pairs."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dashboard.balancing.evidence import Explanation, explain
from proxy.contract.decisions.kinds import DecisionKind
from tests.dashboard.made_mesh import decision

FAILURES: dict[str, Any] = {
    "kind": "failures",
    "seconds": 30.0,
    "changed": {"state": "ejected", "weight": 0, "until": 1030.0},
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
    found = explain(decision("eject", "c:1", **FAILURES))
    assert found.sentences == (
        "Seen by catalog-1, and a probe failed.",
        "Compared with a:1, b:1.",
    )
    assert [(bar.what, bar.value) for bar in found.bars] == [
        ("this endpoint", "40.83 % of 240"),
        ("its peers", "0.2 % of 480"),
    ]
    assert found.bars[0].share == 1.0
    assert found.pairs == (("out for", "30 s"),)


def test_answers_are_compared_with_the_peers_by_their_class() -> None:
    found = explain(
        decision("eject", "c:1", **FAILURES | {"kind": "answers", "basis": "answers", "answer": "refused"})
    )
    assert found.title == "calls answered with a refusal (4xx) in 10 s"
    assert [bar.value for bar in found.bars] == ["40.83 % of 240", "0.2 % of 480"]


def test_a_weight_says_that_its_endpoint_sheds_load() -> None:
    facts: dict[str, Any] = {"from": 1.0, "to": 0.5, "latency_ratio": 1.0, "calls": 90, "peers": ["a:1"]}
    found = explain(decision("weight", "c:1", **facts, shed=0.5))
    assert "It turns away 50 % more of its requests for too much load." in found.sentences
    assert len(explain(decision("weight", "c:1", **facts)).sentences) == 2


def test_the_guard_shows_the_share_of_answers_that_it_turned_back_for() -> None:
    facts: dict[str, Any] = {"from": "route", "from_percent": 50, "to": "advise", "to_percent": 0}
    arms = {"direct": 0.33, "routed": 0.97, "difference": 0.64, "low": 0.6, "high": 0.68, "look": 1}
    counts = {"level": 0.001, "direct_count": 100, "routed_count": 100, "figure": "refusals"}
    found = explain(decision("stage", "", **facts, origin="guard", **arms, **counts))
    assert [bar.value for bar in found.bars] == ["33 % of 100", "97 % of 100"]


def test_latency_is_told_with_its_unit() -> None:
    found = explain(decision("eject", "c:1", **FAILURES, latency_ms=340.0, peer_latency_ms=17.0))
    assert [bar.value for bar in found.bars] == ["340 ms", "17 ms"]
    assert found.bars[1].share == 0.05


def test_a_stall_names_each_reporter_and_how_long_it_waits() -> None:
    found = explain(
        decision(
            "eject",
            "c:1",
            kind="stall",
            seconds=5.0,
            changed={"until": 1005.0},
            open=7,
            oldest=3.2,
            peers=[],
            confirmed="",
            reporters={"a": {"open": 4, "oldest": 3.2}, "b": {"open": 3, "oldest": 1.6}},
        )
    )
    assert "7 requests are open" in found.sentences[0]
    assert [(bar.what, bar.value) for bar in found.bars] == [("a", "3.2 s"), ("b", "1.6 s")]


def test_a_weight_shows_before_and_now() -> None:
    found = explain(
        decision("weight", "c:1", **{"from": 1.0, "to": 0.5}, latency_ratio=2.0, calls=90, peers=[])
    )
    assert [(bar.what, bar.share) for bar in found.bars] == [("before", 1.0), ("now", 0.5)]
    assert "2.00 times its peers'" in found.sentences[0]


def test_the_guard_tells_both_arms() -> None:
    found = explain(
        decision(
            "stage",
            **{"from": "route", "to": "advise"},
            from_percent=25,
            to_percent=0,
            figure="p99",
            direct=0.1,
            routed=0.2,
            direct_count=900,
            routed_count=300,
            difference=0.1,
            low=0.05,
            high=0.15,
            look=3,
            level=0.001,
            origin="guard",
        )
    )
    assert [bar.value for bar in found.bars] == ["100 ms of 900", "200 ms of 300"]
    assert found.pairs == (("over", "guard"),)


def test_a_failed_trial_and_a_failed_probe_are_told_in_a_sentence() -> None:
    out = {key: FAILURES[key] for key in ("kind", "seconds", "changed")}
    trial = explain(decision("eject", "c:1", **out, count=9, errors=8))
    assert trial.sentences == ("1 of 9 calls on probation succeeded.",)
    probe = explain(decision("eject", "c:1", **out, probe="connection refused", collector="eu-1"))
    assert probe.sentences == ("An active probe failed: connection refused.",)
    assert probe.pairs == (("out for", "30 s"), ("found by", "collector eu-1"))


def test_a_return_says_what_it_rests_on() -> None:
    untried = explain(decision("return", "c:1", count=0, errors=0))
    assert untried.sentences == ("It got no calls on probation.",)
    assert explain(decision("return", "c:1", kind="relief", ejected=3)).pairs == (("still ejected", "3"),)
    assert explain(decision("return", "c:1")) == Explanation()


def test_a_doubt_shows_what_raised_it_and_probation_after_ejections_how_many() -> None:
    compared = {key: FAILURES[key] for key in FAILURES if key not in ("kind", "seconds", "changed")}
    doubt = explain(decision("probation", "c:1", **compared, ejections=0))
    assert [bar.value for bar in doubt.bars] == ["40.83 % of 240", "0.2 % of 480"]
    assert explain(decision("probation", "c:1", ejections=2)).pairs == (("ejections in a row", "2"),)


def test_a_shared_cause_names_the_dependency() -> None:
    found = explain(
        decision(
            "hold",
            kind="slow",
            dependency="db:5432",
            path=["orders", "db:5432"],
            count=45,
            errors=0,
            latency_ms=117.0,
            before_ms=16.0,
        )
    )
    assert found.title == "latency of db:5432"
    assert [(bar.what, bar.value) for bar in found.bars] == [("before", "16 ms"), ("now", "117 ms")]
    assert found.pairs == (("path", "orders → db:5432"), ("failed now", "0 of 45 calls"))
    assert explain(decision("hold", kind="shared", path=[])) == Explanation()


def test_a_kind_of_a_newer_release_is_shown_as_pairs() -> None:
    assert explain(decision("mirror", "c:1", version=2, share=0.1)).pairs == (
        ("version", "2"),
        ("share", "10 %"),
    )


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


@given(st.sampled_from([*DecisionKind, "mirror"]), st.dictionaries(st.sampled_from(KEYS), ANY))
def test_whatever_stands_there_something_is_told(kind: str, evidence: dict[str, Any]) -> None:
    found = explain(decision(kind, "c:1", **evidence))
    assert all(isinstance(word, str) for word in found.sentences)
    assert all(isinstance(value, str) for _, value in found.pairs)
