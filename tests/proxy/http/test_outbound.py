"""The outbound choice is a function of the head and of what the router knows: no sockets here."""

import random

import pytest

from proxy.contract.model import Endpoint, MeshView, Retries, Service, Stage
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Answer, Arm
from proxy.errors import Reason
from proxy.http.affinity import Affinity
from proxy.http.messages import RequestHead
from proxy.http.outbound import Outbound
from proxy.routing.router import Attempt, Lookup, Refusal, Router
from proxy.sockets.dns_cache import DnsCache
from proxy.telemetry.call_recorder import CallRecorder
from proxy.telemetry.facts import CallFacts
from proxy.telemetry.meter import Meter
from proxy.telemetry.trace_context import TraceContext

ENDPOINT = Endpoint("10.0.0.1:15006", app="10.0.0.1:9080", instance="a")


def head(authority: bytes, method: bytes = b"GET", path: bytes = b"/") -> RequestHead:
    made = RequestHead()
    made.method, made.path, made.authority, made.fields = method, path, authority, []
    return made


def outbound(view: MeshView | None = None, max_requests: int = 10) -> tuple[Outbound, Meter]:
    router, meter = Router(random.Random(1).random), Meter()
    router.update(view or {})
    return Outbound(
        router, DnsCache(lambda: 0.0), CallRecorder(meter, list[bytes]().append, 0), max_requests
    ), meter


def reviews(percent: int = 100, *endpoints: Endpoint) -> MeshView:
    return {
        ServiceId("reviews"): Service(
            ServiceId("reviews"), endpoints, Stage.ROUTE, percent, 2.0, Retries(1, ("5xx",))
        )
    }


@pytest.mark.parametrize(
    ("request_head", "original", "reason"),
    [
        (head(b""), "", Reason.BAD_REQUEST),
        (head(b"a b"), "", Reason.BAD_REQUEST),
        (head(b"shop", path=b"https://shop/"), "", Reason.NOT_IMPLEMENTED),
        (head(b"shop:443", b"CONNECT"), "10.0.0.1:80", Reason.NOT_IMPLEMENTED),
    ],
)
def test_a_request_without_a_destination_is_refused_and_counted_nowhere(
    request_head: RequestHead, original: str, reason: Reason
) -> None:
    direction, meter = outbound()
    choice = direction.choose(request_head, Affinity(original), 0.0)
    assert isinstance(choice, Refusal)
    assert (choice.reason, choice.server) == (reason, "")
    direction.record(call(), None)
    assert meter.collect() == []


def test_a_loop_is_refused_and_counted_under_the_address_asked_for() -> None:
    direction, _ = outbound()
    direction.own = frozenset({"localhost:15001"})
    choice = direction.choose(head(b"localhost:15001"), Affinity(), 0.0)
    assert isinstance(choice, Refusal)
    assert (choice.reason, choice.server, choice.service) == (
        Reason.LOOP,
        "localhost:15001",
        "localhost:15001",
    )


def test_an_intercepted_connection_goes_to_its_address_whatever_host_says() -> None:
    direction, _ = outbound()
    choice = direction.choose(head(b"shop.example"), Affinity("10.0.0.9:80"), 0.0)
    assert isinstance(choice, Attempt)
    assert (choice.address, choice.server, choice.arm) == ("10.0.0.9:80", "10.0.0.9:80", Arm.DIRECT)


def test_a_service_name_waits_for_the_resolver_before_it_is_chosen() -> None:
    direction, _ = outbound(reviews(100, ENDPOINT))
    choice = direction.choose(head(b"reviews"), Affinity(), 0.0)
    assert isinstance(choice, Lookup)
    assert (choice.host, choice.server, choice.service) == ("reviews", "reviews:80", "reviews")


def test_the_mesh_chooses_for_its_share_with_the_timeouts_of_the_policy() -> None:
    direction, _ = outbound(reviews(100, ENDPOINT))
    choice = direction.choose(head(b"10.0.0.1:9080"), Affinity(), 0.0)
    assert isinstance(choice, Attempt)
    assert (choice.address, choice.arm, choice.names_caller) == (ENDPOINT.address, Arm.ROUTED, True)
    assert choice.timeouts == (2.0, 0.0)


def test_a_tunnel_goes_to_its_address_and_is_never_balanced() -> None:
    direction, _ = outbound(reviews(100, ENDPOINT))
    choice = direction.choose(head(b"10.0.0.1:9080", b"CONNECT"), Affinity(), 0.0)
    assert isinstance(choice, Attempt)
    assert (choice.address, choice.arm, choice.timeouts) == ("10.0.0.1:9080", Arm.DIRECT, None)


def test_more_than_a_service_may_have_under_way_is_overload_without_an_endpoint() -> None:
    direction, meter = outbound(reviews(100, ENDPOINT), max_requests=1)
    first = direction.choose(head(b"10.0.0.1:9080"), Affinity(), 0.0)
    assert isinstance(first, Attempt)
    first.destination.open += 1
    second = direction.choose(head(b"10.0.0.1:9080"), Affinity(), 0.0)
    assert isinstance(second, Refusal)
    assert (second.reason, second.service, second.arm) == (Reason.OVERLOAD, "reviews", Arm.ROUTED)
    facts = call()
    facts.server, facts.service, facts.arm = second.server, second.service, second.arm
    facts.error = second.reason
    direction.record(facts, None)
    [(series, _)] = meter.collect()
    assert "spanmesh.endpoint" not in series.attributes


@pytest.mark.parametrize(
    ("facts", "failures"),
    [
        ({"status": 200}, 0),
        ({"status": 503}, 1),
        ({"error": Reason.UPSTREAM_RESET}, 1),
        ({"error": Reason.CLIENT_DISCONNECT}, 0),  # no fault of the endpoint
        ({"error": Reason.OVERLOAD}, 0),  # nor is our own limit
        ({"error": Reason.UPSTREAM_RESET, "method": b"CONNECT"}, 0),  # nor what becomes of a tunnel
    ],
)
def test_the_breaker_learns_of_what_the_endpoint_did(facts: dict[str, object], failures: int) -> None:
    direction, _ = outbound(reviews(100, ENDPOINT))
    attempt = direction.choose(head(b"10.0.0.1:9080"), Affinity(), 0.0)
    assert isinstance(attempt, Attempt)
    direction.record(call(**facts), attempt)
    assert attempt.candidate.breaker.failures == failures


@pytest.mark.parametrize(
    ("share", "facts", "counted"),
    [
        (100, {"status": 404}, (1, 1)),
        (100, {"status": 200}, (1, 0)),
        (100, {"status": 200, "answer": Answer.REFUSED}, (1, 1)),
        (100, {"status": 500}, (0, 0)),  # a failure shows by itself
        (0, {"status": 404}, (0, 0)),  # the application's own choice
        (0, {"status": 200}, (0, 0)),
    ],
)
def test_answers_count_where_the_mesh_chose(
    share: int, facts: dict[str, object], counted: tuple[int, int]
) -> None:
    direction, _ = outbound(reviews(share, ENDPOINT))
    attempt = direction.choose(head(b"10.0.0.1:9080"), Affinity(), 0.0)
    assert isinstance(attempt, Attempt)
    direction.record(call(**facts), attempt)
    answers = attempt.candidate.answers
    assert (answers.total, answers.count(Answer.REFUSED)) == counted


def test_an_endpoint_that_sheds_load_is_spared_for_as_long_as_it_asks() -> None:
    for share in (0, 100):
        direction, _ = outbound(reviews(share, ENDPOINT))
        attempt = direction.choose(head(b"10.0.0.1:9080"), Affinity(), 0.0)
        assert isinstance(attempt, Attempt)
        direction.record(call(status=503, answer=Answer.SHED, retry_after=7.0), attempt)
        assert attempt.candidate.spared == pytest.approx(7.0, abs=0.01)
        assert attempt.candidate.breaker.failures == 0


def call(**given: object) -> CallFacts:
    facts = CallFacts()
    facts.method, facts.start, facts.end = b"GET", 1, 1_000_000
    facts.trace = TraceContext(b"t" * 16, b"s" * 8, b"", 0, b"")
    for name, value in given.items():
        setattr(facts, name, value)
    return facts
