"""Edges from spans, as a table: which spans, in which order, make which calls."""

import itertools
from collections import Counter

import pytest

from tests.topology.spans.message_trees import EXCHANGES
from tests.topology.spans.span_trees import CALLS, CLIENT, INTERNAL, SERVER, SHOP, Expected, edge, span
from topology.model.graph import Kind
from topology.model.samples import SpanFact
from topology.spans.span_edges import Edge
from topology.spans.span_pairing import Pairing

CASES = {**CALLS, **EXCHANGES}


@pytest.mark.parametrize(("spans", "expected"), CASES.values(), ids=CASES.keys())
def test_in_any_order_and_sent_twice_each_call_counts_once(
    spans: tuple[SpanFact, ...], expected: Expected
) -> None:
    for order in itertools.islice(itertools.permutations(spans), 200):
        pairing = Pairing(10, 1000)
        results = [each for fact in (*order, *order) for each in pairing.add(fact, 100)]
        results += [each for fact in order for each in pairing.add(fact, 105)]
        results += pairing.expire(120)
        results += [each for fact in order for each in pairing.add(fact, 130)]
        results += pairing.expire(150)
        assert Counter(map(edge, results)) == expected, [fact.span_id for fact in order]


@pytest.mark.parametrize(
    ("fact", "target", "kind"),
    [
        (span("1", "0", "web", CLIENT, peer__service="pay"), "pay", Kind.EXTERNAL),
        (span("1", "0", "web", CLIENT, server__address="x", server__port="443"), "x:443", Kind.EXTERNAL),
        (span("1", "0", "web", CLIENT, network__peer__address="1.2.3.4"), "1.2.3.4", Kind.EXTERNAL),
        (span("1", "0", "web", CLIENT), None, None),
        (span("1", "0", "web", CLIENT, sidecar=True, peer__service="1.2.3.4:80"), None, None),
    ],
)
def test_a_client_nobody_answers_goes_to_the_outside(
    fact: SpanFact, target: str | None, kind: Kind | None
) -> None:
    pairing = Pairing(10, 1000)
    assert pairing.add(fact, 100) == []
    assert pairing.expire(109) == []
    found = [(each.target, each.target_kind) for each in pairing.expire(110)]
    assert found == ([(target, kind)] if target else [])


def test_the_call_is_measured_by_the_client_and_fails_if_either_says_so() -> None:
    pairing = Pairing(10, 1000)
    pairing.add(span("2", "1", "web", CLIENT, duration=0.3), 100)
    (found,) = pairing.add(span("3", "2", "api", SERVER, duration=0.2, failed=True, sidecar=True), 101)
    assert isinstance(found, Edge)
    assert (found.duration, found.failed, found.recount, found.measured) == (0.3, True, True, 0.2)


def test_halves_further_apart_than_the_wait_are_not_paired() -> None:
    pairing = Pairing(10, 1000)
    pairing.add(span("3", "2", "api", SERVER), 100)
    assert [edge(each) for each in pairing.expire(111)] == [("user", "api", "http")]
    assert pairing.add(span("2", "1", "web", CLIENT), 112) == []


def test_a_server_whose_caller_was_counted_long_ago_has_no_unknown_caller() -> None:
    pairing = Pairing(10, 1000)
    pairing.add(span("2", "1", "web", CLIENT, server__address="api"), 100)
    assert [edge(each) for each in pairing.expire(111)] == [("web", "api", "http")]
    pairing.add(span("3", "2", "api", SERVER), 112)
    assert pairing.expire(123) == []


def test_a_service_with_a_sidecar_waits_for_its_span_of_a_database_over_http() -> None:
    pairing = Pairing(10, 1000, lambda service: service == "api")
    over_http = {"db__system": "elasticsearch", "server__address": "es"}
    assert pairing.add(span("1", "", "api", CLIENT, also=over_http), 100) == []
    assert pairing.add(span("2", "1", "api", CLIENT, sidecar=True, peer__service="es:9200"), 101) == []
    assert pairing.add(span("3", "", "api", CLIENT, also=over_http), 101) == []
    assert [edge(each) for each in pairing.expire(120)] == [("api", "elasticsearch/es", "database")]


def test_calls_to_a_database_that_sends_spans_are_calls_to_a_service() -> None:
    """The first is counted before its answer came; by then it is known that answers come."""
    pairing = Pairing(10, 1000)
    results = [
        edge(each)
        for number in range(3)
        for fact in (
            span(f"c{number}", "", "api", CLIENT, also=SHOP),
            span(f"s{number}", f"c{number}", "gateway", SERVER),
        )
        for each in pairing.add(fact, 100 + number)
    ]
    results += [edge(each) for each in pairing.expire(120)]
    assert Counter(results) == {("api", "mysql/shop", "database"): 1, ("api", "gateway", "http"): 3}


def test_several_answers_to_one_call_measure_themselves() -> None:
    pairing = Pairing(10, 1000)
    pairing.add(span("1", "0", "web", CLIENT, duration=0.5, failed=True), 100)
    results = [
        each
        for fact in (
            span("2", "1", "api", SERVER, duration=0.2, failed=True),
            span("3", "1", "api", SERVER, duration=0.1),
        )
        for each in pairing.add(fact, 100)
        if isinstance(each, Edge)
    ]
    assert [(each.duration, each.failed) for each in results] == [(0.5, True), (0.1, False)]


def test_a_call_of_a_client_alone_shows_no_failure_of_who_must_have_served_it() -> None:
    pairing = Pairing(10, 1000)
    pairing.add(span("1", "", "web", INTERNAL), 100)
    (found,) = pairing.add(span("2", "1", "api", CLIENT, failed=True), 100)
    assert isinstance(found, Edge)
    assert (found.target, found.failed) == ("api", False)


def test_waiting_spans_are_bounded() -> None:
    pairing = Pairing(10, 5)
    for number in range(20):
        pairing.add(span(f"c{number}", "0", "web", CLIENT, peer__service=f"p{number}"), 100)
    assert [each.target for each in pairing.expire(100)] == [f"p{number}" for number in range(15)]


def test_a_loop_of_parents_ends() -> None:
    pairing = Pairing(10, 1000)
    loop = [span("1", "2", "web", INTERNAL), span("2", "1", "web", INTERNAL), span("3", "3", "api", SERVER)]
    results = [each for fact in loop for each in pairing.add(fact, 100)]
    pairing.add(span("4", "1", "web", CLIENT, server__address="api"), 100)
    assert [edge(each) for each in (*results, *pairing.expire(120))] == [
        ("user", "api", "http"),
        ("web", "api", "http"),
    ]
