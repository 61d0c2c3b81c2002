"""The attempts of one call: each is counted open, recorded once, and leaves nothing behind."""

from proxy.contract.attributes import CLIENT_BODY_SIZE, CLIENT_DURATION
from proxy.contract.model import Retries, Service, Stage
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Answer
from proxy.errors import Reason
from proxy.http.affinity import Affinity
from proxy.http.call import Call
from proxy.http.messages import ResponseHead
from proxy.routing.router import Attempt
from proxy.telemetry.facts import NOBODY
from proxy.telemetry.meter import Meter
from tests.proxy.http.fakes import context, endpoints, request

RETRIED = Service(ServiceId("reviews"), endpoints(3), Stage.ROUTE, 100, 0.0, Retries(1, ("reset", "5xx")))


def begun(head_method: bytes = b"GET") -> tuple[Call, Attempt, Meter]:
    made, _, meter = context(RETRIED)
    head = request(head_method)
    call = Call(head, NOBODY, made)
    attempt = made.direction.choose(head, Affinity(), 0.0)
    assert isinstance(attempt, Attempt)
    call.begin(attempt)
    return call, attempt, meter


def errors(meter: Meter) -> list[str | None]:
    """The error types of the calls recorded since the last time."""
    deltas = [each for each in meter.collect() if each[0].name != CLIENT_BODY_SIZE]
    assert {(series.name, histogram.count) for series, histogram in deltas} <= {(CLIENT_DURATION, 1)}
    return [series.attributes.get("error.type") for series, _ in deltas]


def test_a_failed_attempt_is_recorded_and_the_next_is_a_sibling() -> None:
    call, attempt, meter = begun()
    assert (attempt.destination.open, attempt.candidate.open) == (1, 1)
    trace = call.trace
    following = call.next_for(Reason.UPSTREAM_RESET)
    assert following is not None
    call.follow(following, Reason.UPSTREAM_RESET)
    assert (errors(meter), call.resends) == ([Reason.UPSTREAM_RESET], 1)
    assert (attempt.candidate.open, following.candidate.open, following.destination.open) == (0, 1, 1)
    assert (call.trace.trace_id, call.trace.parent_id) == (trace.trace_id, trace.parent_id)
    assert call.trace.span_id != trace.span_id
    call.status = 200
    call.record(2)
    assert errors(meter) == [None]
    assert (following.candidate.open, following.destination.open) == (0, 0)


def test_after_the_last_attempt_or_without_time_nothing_follows() -> None:
    call, _, _ = begun()
    following = call.next_for_status(503)
    assert following is not None
    call.follow(following, "")
    assert call.next_for_status(503) is None
    fresh, _, _ = begun()
    assert fresh.next_for_status(404) is None
    fresh.final = True
    assert fresh.next_for_status(503) is None
    assert begun(b"POST")[0].next_for_status(503) is None


def test_a_long_response_is_open_and_no_longer_waited_for() -> None:
    call, attempt, _ = begun()
    assert list(attempt.candidate.waiting) == [call]
    call.respond()
    assert (attempt.candidate.open, attempt.candidate.waiting) == (1, {})
    assert call.first_byte == 1


def test_the_class_of_a_response_is_that_of_its_head_or_of_its_trailers() -> None:
    call, _, _ = begun()
    head = ResponseHead()
    head.status, head.length, head.fields = 200, 2, []
    call.status = 200
    seen: list[tuple[Answer | None, float]] = []
    call.answered(head)
    call.trailed(())
    seen.append((call.answer, call.retry_after))
    call.trailed([(b"grpc-status", b"8")])
    seen.append((call.answer, call.retry_after))
    head.status, head.fields = 429, [(b"retry-after", b"2")]
    call.status = 429
    call.answered(head)
    call.trailed([(b"grpc-status", b"0")])
    seen.append((call.answer, call.retry_after))
    following = call.next_for_status(503)
    assert following is not None
    call.follow(following, "")
    seen.append((call.answer, call.retry_after))
    assert seen == [(None, 0.0), (Answer.SHED, 0.0), (Answer.SHED, 2.0), (None, 0.0)]
