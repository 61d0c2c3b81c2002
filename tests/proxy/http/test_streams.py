"""An exchange between streams of messages: no bytes, no sockets, as any codec may stand at its ends."""

from proxy.contract.model import Retries, Service, Stage
from proxy.contract.service_id import ServiceId
from proxy.errors import Reason
from proxy.http.affinity import Affinity
from proxy.http.exchange import Exchange
from proxy.http.messages import RequestHead
from proxy.http.streams import FULL, WAITING
from tests.proxy.http.fakes import FakeClient, FakePool, FakeUpstream, context, endpoints, request, response


def started(
    head: RequestHead, *streams: FakeUpstream, services: tuple[Service, ...] = (), whole: bool = True
) -> tuple[Exchange, FakeClient, FakePool]:
    """An exchange whose head has been read, with its end when it is ``whole``."""
    made, pool, _ = context(*services)
    pool.streams += streams
    client = FakeClient()
    exchange = Exchange(client, head, made, Affinity())
    if whole:
        exchange.on_request_end(())
    exchange.on_request_flush()
    return exchange, client, pool


def test_a_request_and_its_response_pass_in_one_flush_each() -> None:
    upstream = FakeUpstream()
    exchange, client, pool = started(request(), upstream)
    assert pool.addresses == ["10.0.0.1:80"]
    assert upstream.flushed == [[("head", b"GET", True)]]
    assert [name for name, _ in upstream.fields] == [b"x", b"traceparent", b"tracestate"]
    exchange.on_response(response())
    exchange.on_response_data(b"a")
    exchange.on_response_data(b"b")
    exchange.on_response_end([(b"sum", b"1")])
    exchange.on_response_flush()
    whole = [("head", 200), ("data", b"a"), ("data", b"b"), ("end", [(b"sum", b"1")])]
    assert client.flushed == [whole]
    assert (client.end, upstream.end, exchange.over) == ("finished", "released", True)


def test_a_body_is_passed_on_as_it_comes_with_its_trailers() -> None:
    upstream = FakeUpstream()
    exchange, _, _ = started(request(b"POST", unsized=True), upstream, whole=False)
    exchange.on_request_data(b"a")
    exchange.on_request_flush()
    exchange.on_request_data(b"b")
    exchange.on_request_end([(b"sum", b"1")])
    exchange.on_request_flush()
    rest = [("data", b"b"), ("end", [(b"sum", b"1")])]
    assert upstream.flushed == [[("head", b"POST", False)], [("data", b"a")], rest]


def test_without_a_stream_the_client_waits_and_what_came_is_sent_later() -> None:
    exchange, client, pool = started(request(b"POST", length=2), whole=False)
    exchange.on_request_data(b"a")
    assert client.paused == WAITING
    upstream = FakeUpstream()
    [waiter] = pool.waiters
    waiter.attach(upstream)
    assert client.paused == 0
    assert upstream.flushed == [[("head", b"POST", False), ("data", b"a")]]


def test_a_full_stream_pauses_the_other_one() -> None:
    upstream = FakeUpstream()
    exchange, client, _ = started(request(b"POST", length=9), upstream, whole=False)
    exchange.upstream_full(True)
    assert client.paused == FULL
    exchange.upstream_full(False)
    assert client.paused == 0
    exchange.client_full(True)
    assert upstream.paused
    exchange.client_full(False)
    assert not upstream.paused


def test_a_switch_makes_a_tunnel_of_which_each_half_ends_by_itself() -> None:
    upstream = FakeUpstream()
    exchange, client, _ = started(request(upgrade=b"websocket"), upstream)
    exchange.on_switch(response(101))
    exchange.on_response_flush()
    assert client.flushed == [[("switch", 101)]]
    exchange.on_request_data(b"up")
    exchange.on_request_end(())
    exchange.on_request_flush()
    assert upstream.flushed[1:] == [[("data", b"up"), ("end", [])]]
    assert not exchange.over
    exchange.on_response_data(b"down")
    exchange.on_response_end(())
    exchange.on_response_flush()
    assert client.flushed[1:] == [[("data", b"down"), ("end", [])]]
    assert (client.end, exchange.call.error) == ("finished", "")


def test_a_response_that_was_not_flushed_can_still_be_replaced() -> None:
    exchange, client, _ = started(request(), FakeUpstream())
    exchange.on_response(response())
    exchange.on_response_data(b"nonsense follows")
    exchange.upstream_failed(Reason.UPSTREAM_MALFORMED, "nonsense")
    [answer] = client.flushed
    assert answer[0] == ("head", 502)
    assert client.end == "finished"


def test_what_a_server_does_once_its_client_has_ended_is_no_failure_of_its_own() -> None:
    for status, error in ((200, ""), (500, Reason.CLIENT_DISCONNECT)):
        exchange, client, _ = started(request(), upstream := FakeUpstream())
        exchange.client_ended()
        exchange.on_response(response(status))
        exchange.on_response_end(())
        exchange.on_response_flush()
        assert (client.flushed[0][0], exchange.call.error) == (("head", status), error)
        assert upstream.end == "half-closed released"
    exchange, client, pool = started(request(), FakeUpstream(reused=True))
    exchange.client_ended()
    exchange.upstream_failed(Reason.CLIENT_DISCONNECT, "closed")
    assert (client.flushed, client.end, exchange.call.client_status, pool.waiters) == ([], "reset", 499, [])


def test_a_response_that_began_is_reset_and_never_replaced() -> None:
    exchange, client, _ = started(request(), FakeUpstream())
    exchange.on_response(response())
    exchange.on_response_flush()
    exchange.upstream_failed(Reason.UPSTREAM_RESET, "gone")
    assert client.flushed == [[("head", 200)]]
    assert (client.end, exchange.call.error) == ("reset", Reason.UPSTREAM_RESET)


def test_a_reused_stream_that_was_dead_is_followed_by_a_fresh_one_unseen() -> None:
    exchange, client, pool = started(request(), FakeUpstream(reused=True))
    exchange.upstream_failed(Reason.UPSTREAM_RESET, "gone")
    fresh = FakeUpstream()
    [waiter] = pool.waiters
    waiter.attach(fresh)
    assert fresh.flushed == [[("head", b"GET", True)]]
    assert (client.flushed, client.end, exchange.call.resends) == ([], "", 0)


def test_a_declined_response_is_followed_by_another_attempt_elsewhere() -> None:
    service = Service(ServiceId("reviews"), endpoints(3), Stage.ROUTE, 100, 0.0, Retries(1, ("5xx",)))
    first, second = FakeUpstream(), FakeUpstream()
    exchange, client, pool = started(request(), first, second, services=(service,))
    exchange.on_response(response(503))
    exchange.on_response_flush()
    assert first.end == "ignored released"
    assert len(set(pool.addresses)) == 2
    assert (b"x-spanmesh-caller", b"cart") in second.fields
    exchange.on_response(response(503))  # the last attempt's answer stands
    exchange.on_response_end(())
    exchange.on_response_flush()
    assert client.flushed == [[("head", 503), ("end", [])]]
    assert exchange.call.resends == 1


def test_a_client_that_leaves_takes_its_stream_along() -> None:
    upstream = FakeUpstream()
    exchange, client, _ = started(request(), upstream)
    exchange.client_lost()
    assert (upstream.end, client.flushed, exchange.call.error) == ("reset", [], Reason.CLIENT_DISCONNECT)
    exchange.upstream_failed(Reason.UPSTREAM_RESET, "gone")  # nothing is left to happen
    assert client.end == ""
