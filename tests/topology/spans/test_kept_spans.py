"""Trees of spans in any order, bounded in time and number."""

from tests.topology.spans.span_trees import CLIENT, INTERNAL, SERVER, span
from topology.model.samples import SpanFact
from topology.spans.kept_spans import KeptSpan, KeptSpans
from topology.spans.span_roles import exchange


def kept(fact: SpanFact, now: float = 100) -> KeptSpan:
    return KeptSpan(fact.trace_id + fact.span_id, fact, exchange(fact), now)


def test_the_span_above_is_the_nearest_of_another_service_or_that_calls() -> None:
    spans = KeptSpans(10, 100)
    client = kept(span("1", "0", "web", CLIENT))
    step = kept(span("2", "1", "web", INTERNAL))
    inner = kept(span("3", "2", "web", CLIENT))
    server = kept(span("4", "2", "api", SERVER))
    for each in (client, step, inner, server):
        spans.put(each)
    assert spans.above(inner) is client
    assert inner.is_inner
    assert spans.above(server) is step
    assert spans.above(client) == client.parent
    assert spans.above(kept(span("5", "", "web", SERVER))) == b""


def test_who_waits_for_a_span_comes_back_with_it() -> None:
    spans = KeptSpans(10, 100)
    child, parent = kept(span("2", "1", "api", SERVER)), kept(span("1", "0", "web", CLIENT))
    spans.put(child)
    spans.wait(child, parent.key)
    spans.wait(child, parent.key)
    assert spans.put(parent) == [child]
    assert child.missing == b""


def test_a_span_without_a_service_is_of_the_one_around_it() -> None:
    spans = KeptSpans(10, 100)
    spans.put(kept(span("1", "", "web", SERVER)))
    nameless = kept(span("2", "1", "", CLIENT))
    spans.put(nameless)
    spans.above(nameless)
    assert nameless.service == "web"


def test_of_two_halves_with_one_id_the_callers_is_above() -> None:
    for first in (CLIENT, SERVER):
        spans = KeptSpans(10, 100)
        halves = {
            CLIENT: kept(span("2", "1", "web", CLIENT)),
            SERVER: kept(span("2", "1", "api", SERVER)),
        }
        spans.put(halves.pop(first))
        spans.put(halves.popitem()[1])
        child = kept(span("3", "2", "api", CLIENT))
        above = spans.above(child)
        assert isinstance(above, KeptSpan)
        assert above.serves
        caller = spans.above(above)
        assert isinstance(caller, KeptSpan)
        assert caller.service == "web"


def test_spans_are_due_when_they_are_old_or_too_many() -> None:
    spans = KeptSpans(10, 3)
    many = [kept(span(f"{number}", "0", "web", CLIENT), 100 + number) for number in range(5)]
    for each in many:
        spans.put(each)
        spans.wait(each, each.parent)
    assert spans.due(104) == many[:2]
    spans.drop(many[:2], 104)
    assert spans.due(112) == many[2:3]
    spans.drop(many[2:], 115)
    assert spans.due(200) == []
    assert spans.put(kept(span("0", "", "web", SERVER))) == []
