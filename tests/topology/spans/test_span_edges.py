"""The edges that kept spans make."""

import pytest

from proxy.contract.traffic import Protocol
from tests.topology.spans.span_trees import CLIENT, CONSUMER, SERVER, span
from tests.topology.spans.test_kept_spans import kept
from topology.model.graph import USER, Kind
from topology.spans import span_edges
from topology.spans.span_edges import Edge

CALLER = kept(span("1", "0", "web", CLIENT, server__address="api", url__scheme="https", duration=0.3))


def test_a_call_is_measured_by_its_caller_and_encrypted_as_it_says() -> None:
    caller = kept(CALLER.fact)
    first, alias = span_edges.answer(caller, kept(span("2", "1", "api", SERVER, sidecar=True, duration=0.2)))
    assert isinstance(first, Edge)
    assert (first.source, first.target, first.duration, first.encrypted) == ("web", "api", 0.3, True)
    assert (first.recount, first.measured) == (True, 0.2)
    assert alias == span_edges.Alias("api:443", "api")
    assert caller.left
    assert caller.covered


def test_a_call_without_a_client_span_is_measured_by_the_callee() -> None:
    edge = span_edges.direct("web", kept(span("2", "1", "api", SERVER, duration=0.2, failed=True)))
    assert (edge.source, edge.target, edge.duration, edge.failed) == ("web", "api", 0.2, True)
    assert edge.protocol is Protocol.HTTP


def test_an_unknown_caller_is_a_user_unless_it_has_a_name() -> None:
    user = span_edges.unknown_caller(kept(span("2", "1", "api", SERVER)))
    app = span_edges.unknown_caller(kept(span("2", "1", "api", SERVER, peer__service="app")))
    assert (user.source, user.source_kind) == (USER, Kind.USER)
    assert (app.source, app.source_kind) == ("app", Kind.EXTERNAL)


def test_who_takes_a_message_is_called_by_the_queue() -> None:
    consumer = kept(span("1", "", "mail", CONSUMER, messaging__system="kafka"))
    assert consumer.exchange is not None
    edge = span_edges.exchanged(consumer, consumer.exchange, consumer.exchange.node)
    assert (edge.source, edge.target, edge.source_kind) == ("kafka", "mail", Kind.QUEUE)
    assert edge.protocol is Protocol.MESSAGING


def test_a_database_around_a_client_still_counts_unless_something_answered() -> None:
    orm, http = kept(span("1", "0", "api", CLIENT, db__system="es")), kept(span("2", "1", "api", CLIENT))
    http.outer = orm
    span_edges.cover(http, and_leaves=False)
    assert (http.covered, orm.covered) == (True, False)
    span_edges.cover(http)
    assert orm.covered


@pytest.mark.parametrize(
    ("attributes", "encrypted"),
    [
        ({"tls.established": "true"}, True),
        ({"url.scheme": "https"}, True),
        ({"url.scheme": "http"}, False),
        ({}, None),
    ],
)
def test_encryption_is_as_the_callers_span_says(attributes: dict[str, str], encrypted: bool | None) -> None:
    assert span_edges.is_encrypted(attributes) is encrypted
