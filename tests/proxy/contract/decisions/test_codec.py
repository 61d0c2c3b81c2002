"""Evidence as JSON: round trips, rows of the release before, and what a newer one may write."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.contract.decisions import evidence as types
from proxy.contract.decisions.codec import VERSION, decode, dumps, encode, loads
from proxy.contract.decisions.evidence import Evidence, Grounds
from proxy.contract.decisions.kinds import DecisionKind, Figure, FindingKind, HoldKind, StageOrigin
from proxy.contract.model import Stage

# Every shape of evidence that the release before stored, out of its own engine.
ROWS: list[dict[str, str]] = json.loads(Path(__file__).with_name("rows_version_0.json").read_text("utf-8"))

number = st.floats(-1e15, 1e15)  # what is larger is taken for damaged
whole = st.integers(0, 1 << 40)
words = st.text(max_size=9)
names = st.lists(words, max_size=3).map(tuple)
calls = st.builds(types.Calls, whole, whole)
open_requests = st.builds(types.OpenRequests, whole, number)
compared = (number, whole, whole, whole, whole, st.dictionaries(words, calls, max_size=3), names, words)
grounds: st.SearchStrategy[Grounds] = st.one_of(
    st.builds(types.FailureComparison, *compared),
    st.builds(types.LatencyComparison, *compared, number, number),
    st.builds(types.AnswerComparison, *compared, words),
    st.builds(types.Stall, whole, number, st.dictionaries(words, open_requests, max_size=3), names, words),
    calls,
    st.builds(types.FailedProbe, words),
)
found = st.lists(words, min_size=1, max_size=4).map(tuple)
cause = st.just(types.Dependency()) | st.builds(types.Dependency, found, whole, whole, number, number)
setting = st.builds(types.StageSetting, st.sampled_from(Stage), st.integers(0, 100))
arms = st.builds(
    types.ArmComparison,
    st.sampled_from(Figure),
    *[number] * 5,
    whole,
    number,
    whole,
    whole,
)
evidence: st.SearchStrategy[Evidence] = st.one_of(
    st.builds(types.Ejection, st.sampled_from(FindingKind), number, number, grounds, words),
    st.builds(types.Probation, whole, st.none() | grounds),
    st.builds(types.Return, calls),
    st.builds(types.Return, ejected=whole),
    st.just(types.Return()),
    st.builds(types.Hold, st.just(HoldKind.CAP), grounds),
    st.builds(
        types.Hold,
        st.sampled_from([HoldKind.SHARED_FAILURES, HoldKind.SHARED_SLOWNESS]),
        cause=st.none() | cause,
    ),
    st.builds(types.WeightChange, number, number, number, whole, names, number),
    st.builds(types.StageChange, setting, setting, st.sampled_from(StageOrigin), words, st.none() | arms),
    st.just(types.Registration()),
    st.just(types.Departure()),
)


@given(evidence)
def test_evidence_is_the_same_after_a_round_trip(made: Evidence) -> None:
    assert loads(made.decision, dumps(made)) == made
    assert json.loads(dumps(made))["version"] == VERSION


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['kind']}: {row['reason'][:40]}")
def test_rows_of_the_release_before_are_read_and_keep_their_fields(row: dict[str, str]) -> None:
    facts = json.loads(row["evidence"])
    read = loads(row["kind"], row["evidence"])
    assert not isinstance(read, types.Unknown)
    assert read.decision == row["kind"]
    again = json.loads(dumps(read))
    assert {key: value for key, value in again.items() if key in facts} == facts
    assert again.keys() - facts.keys() <= {"version", "basis"}


def test_rows_of_the_release_before_are_of_every_kind() -> None:
    assert {row["kind"] for row in ROWS} == set(DecisionKind)
    read = [loads(row["kind"], row["evidence"]) for row in ROWS]
    assert {type(each.grounds) for each in read if isinstance(each, types.Ejection)} == {
        types.FailureComparison,
        types.LatencyComparison,
        types.Stall,
        types.Calls,
        types.FailedProbe,
    }
    assert any(isinstance(each, types.Ejection) and each.collector == "A" for each in read)


def test_what_a_newer_release_says_is_kept_as_it_is() -> None:
    facts = {"version": VERSION + 1, "to": "route", "to_percent": 5, "shadow": [1, {"a": None}]}
    newer = decode("stage", facts)
    assert newer == types.Unknown("stage", facts)
    assert encode(newer) == facts
    assert decode("mirror", {"percent": 3}) == types.Unknown("mirror", {"percent": 3})


def test_a_field_more_is_passed_over() -> None:
    made = types.Probation(2)
    assert decode("probation", encode(made) | {"since": 3}) == made


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("eject", {"kind": "boredom"}),
        ("eject", {"changed": {}}),
        ("eject", {"changed": "soon"}),
        ("eject", {"seconds": "5"}),
        ("eject", {"basis": "rumour"}),
        ("eject", {"reporters": ["a0"]}),
        ("stage", {"to": "flying"}),
        ("stage", {"to_percent": 101}),
        ("stage", {"to_percent": True}),
        ("stage", {"origin": "nobody"}),
        ("weight", {"peers": None}),
        ("hold", {"kind": "fear"}),
        ("return", {"errors": None}),
        ("return", {"errors": 10**400}),
        ("eject", {"seconds": 10**400}),
        ("eject", {"seconds": 1e308}),
        ("eject", {"changed": {"until": float("nan")}}),
    ],
)
def test_damaged_evidence_is_shown_and_never_acted_on(kind: str, changed: dict[str, Any]) -> None:
    row = next(each for each in ROWS if each["kind"] == kind and len(each["evidence"]) > 2)
    facts = json.loads(row["evidence"]) | changed
    assert decode(kind, facts) == types.Unknown(kind, facts)


@pytest.mark.parametrize("text", ["odd", "[1]", "null", "7", '"eject"'])
def test_text_that_is_no_object_is_shown_as_it_is(text: str) -> None:
    assert loads("eject", text) == types.Unknown("eject", {"text": text})
    assert loads("register", "") == types.Registration()


@pytest.mark.parametrize(
    "deep", ["[" * 100_000, '{"a":' * 900 + "1" + "}" * 900, '{"a":' + "[" * 20 + "]" * 20 + "}"]
)
def test_deep_nesting_is_shown_as_it_is_written(deep: str) -> None:
    assert loads("stage", deep) == types.Unknown("stage", {"text": deep})


def test_a_number_of_any_length_is_read_as_a_double() -> None:
    found = loads("mirror", f'{{"small": 7, "large": {10**30}, "huge": {"9" * 5000}}}')
    assert found == types.Unknown("mirror", {"small": 7, "large": 1e30, "huge": float("inf")})
    assert loads("mirror", dumps(found)) == found


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from(sorted({key for row in ROWS for key in json.loads(row["evidence"])} | {"basis"}))


@given(st.sampled_from([*DecisionKind, "mirror"]), st.dictionaries(keys, json_values, max_size=9))
def test_whatever_stands_there_is_read(kind: str, facts: dict[str, Any]) -> None:
    assert decode(kind, facts).decision == kind
