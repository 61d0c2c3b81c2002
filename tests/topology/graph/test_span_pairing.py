"""Edges from spans, as a table: which spans, in which order, make which calls."""

import itertools
from dataclasses import replace

import pytest

from proxy.contract.service_id import ServiceId
from topology.graph.span_pairing import Alias, Measured, Pairing, PairingResult
from topology.graph.span_peers import Edge
from topology.model.graph import Kind
from topology.model.samples import SpanFact

SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5
TRACE = b"t" * 16


def span(
    span_id: str,
    parent: str,
    service: str,
    kind: int,
    *,
    sidecar: bool = False,
    failed: bool = False,
    duration: float = 0.1,
    **said: str,
) -> SpanFact:
    attributes = {key.replace("__", "."): value for key, value in said.items()}
    return SpanFact(
        TRACE,
        span_id.encode(),
        parent.encode(),
        ServiceId(service),
        kind,
        duration,
        failed,
        sidecar,
        attributes,
    )


def edge(found: PairingResult) -> tuple[str, ...]:
    if isinstance(found, Alias):
        return ("alias", found.address, found.service)
    if isinstance(found, Measured):
        return ("measured", found.target)
    return (found.source, found.target, found.protocol)


SDK_CALL = (span("1", "", "web", SERVER), span("2", "1", "web", CLIENT), span("3", "2", "api", SERVER))
TWO_SIDECARS = (
    span("2", "1", "web", CLIENT, sidecar=True, peer__service="api"),
    span("3", "2", "api", SERVER, sidecar=True, spanmesh__caller="web"),
)
APP_AND_SIDECARS = (
    span("1", "0", "web", CLIENT, server__address="api"),
    span("2", "1", "web", CLIENT, sidecar=True, peer__service="api"),
    span("3", "2", "api", SERVER, sidecar=True, spanmesh__caller="web"),
    span("4", "3", "api", SERVER),
)
INTO_THE_MESH = (
    span("2", "1", "web", CLIENT, server__address="api"),
    span("3", "2", "api", SERVER, sidecar=True),
)
OUT_OF_THE_MESH = (
    span("2", "1", "web", CLIENT, sidecar=True, peer__service="10.0.0.5:80"),
    span("3", "2", "legacy", SERVER),
)
NEWLY_IN_THE_MESH = (
    span("2", "1", "web", CLIENT, sidecar=True, peer__service="10.0.0.5:80"),
    span("3", "2", "api", SERVER, sidecar=True),
)
NESTED = (
    span("1", "0", "web", CLIENT, server__address="api"),
    span("2", "1", "web", CLIENT, server__address="api"),
    span("3", "2", "api", SERVER),
)
DATABASE = (span("1", "0", "api", CLIENT, db__system__name="postgresql", db__namespace="shop"),)
NESTED_DATABASE = (
    span("1", "0", "api", CLIENT, db__system="mysql", db__name="shop"),
    span("2", "1", "api", CLIENT, db__system="mysql", db__name="shop"),
)
QUEUE = (
    span("1", "0", "web", PRODUCER, messaging__system="kafka", messaging__destination__name="orders"),
    span("2", "1", "mail", CONSUMER, messaging__system="kafka", messaging__destination__name="orders"),
)
PLAIN_QUEUE = (span("1", "0", "web", PRODUCER), span("2", "1", "mail", CONSUMER))


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        (SDK_CALL, {("user", "web", "http"), ("web", "api", "http")}),
        (TWO_SIDECARS, set()),
        (APP_AND_SIDECARS, set()),
        (INTO_THE_MESH, {("web", "api", "http")}),
        (OUT_OF_THE_MESH, {("alias", "10.0.0.5:80", "legacy")}),
        (NEWLY_IN_THE_MESH, {("measured", "api")}),
        (NESTED, {("web", "api", "http")}),
        (DATABASE, {("api", "postgresql/shop", "database")}),
        (NESTED_DATABASE, {("api", "mysql/shop", "database")}),
        (QUEUE, {("web", "kafka/orders", "messaging"), ("kafka/orders", "mail", "messaging")}),
        (PLAIN_QUEUE, {("web", "mail", "messaging")}),
    ],
    ids=["sdk", "sidecars", "both", "in", "out", "new", "nested", "db", "nested db", "queue", "plain queue"],
)
def test_in_any_order_and_sent_twice_each_call_counts_once(
    spans: tuple[SpanFact, ...], expected: set[tuple[str, ...]]
) -> None:
    for order in itertools.permutations(spans):
        pairing = Pairing(10, 1000)
        found = [edge(each) for fact in (*order, *order) for each in pairing.add(fact, 100)]
        found += [edge(each) for each in pairing.expire(120)]
        assert sorted(found) == sorted(expected)


@pytest.mark.parametrize(
    ("fact", "target", "kind"),
    [
        (span("1", "0", "web", CLIENT, peer__service="pay"), "pay", Kind.EXTERNAL),
        (span("1", "0", "web", CLIENT, server__address="x", server__port="443"), "x:443", Kind.EXTERNAL),
        (span("1", "0", "web", CLIENT, network__peer__address="1.2.3.4"), "1.2.3.4", Kind.EXTERNAL),
        (span("1", "0", "web", CLIENT), None, None),
        (span("1", "0", "web", SERVER), None, None),
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
    assert pairing.expire(111) == []
    assert pairing.add(span("2", "1", "web", CLIENT), 112) == []


def test_waiting_spans_are_bounded() -> None:
    pairing = Pairing(10, 5)
    for number in range(20):
        pairing.add(span(f"c{number}", "0", "web", CLIENT, peer__service=f"p{number}"), 100)
    assert [each.target for each in pairing.expire(100)] == [f"p{number}" for number in range(15)]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"db.system": "redis", "server.address": "cache", "server.port": "6379"}, "redis/cache:6379"),
        ({"db.system": "redis", "peer.service": "sessions"}, "sessions"),
        ({"db.namespace": "shop"}, "database/shop"),
        ({"messaging.system": "rabbitmq"}, "rabbitmq"),
    ],
)
def test_names_of_databases_and_queues(said: dict[str, str], expected: str) -> None:
    fact = replace(span("1", "0", "web", CLIENT), attributes=said)
    (found,) = Pairing(10, 10).add(fact, 100)
    assert isinstance(found, Edge)
    assert found.target == expected


def test_a_client_that_receives_is_fed_by_the_queue() -> None:
    fact = span("1", "0", "mail", CLIENT, messaging__system="sqs", messaging__operation__type="receive")
    (found,) = Pairing(10, 10).add(fact, 100)
    assert edge(found) == ("sqs", "mail", "messaging")


def test_spans_without_a_service_or_a_kind_of_interest_are_nothing() -> None:
    pairing = Pairing(10, 10)
    assert pairing.add(span("1", "", "", SERVER), 100) == []
    assert pairing.add(span("1", "", "web", 1), 100) == []
