"""The facts of a further attempt: the request is the same, what came of it is not."""

from proxy.telemetry.facts import NOBODY, CallFacts, PeerFacts
from proxy.telemetry.trace_context import TraceContext


def test_a_further_attempt_keeps_the_request_and_forgets_the_outcome() -> None:
    call = CallFacts()
    call.method, call.start, call.trace = b"GET", 1, TraceContext(b"t" * 16, b"firstspn", b"", 1, b"")
    call.target, call.authority, call.server = b"/a?b=1", b"shop", "shop:80"
    call.status, call.error, call.endpoint, call.first_byte = 503, "upstream-reset", "10.0.0.1:80", 2
    client = PeerFacts(b"client", encrypted=True)
    call.upstream_peer, call.client_peer, call.end = PeerFacts(b"upstream"), client, 3

    call.restart(TraceContext(b"t" * 16, b"secondsp", b"", 1, b""), 4)
    assert (call.method, call.target, call.authority) == (b"GET", b"/a?b=1", b"shop")
    assert (call.server, call.client_peer, call.trace.span_id) == ("shop:80", client, b"secondsp")
    assert (call.start, call.resends) == (4, 1)
    assert (call.status, call.error, call.endpoint, call.first_byte, call.end) == (0, "", "", 0, 0)
    assert call.upstream_peer is NOBODY
    call.restart(call.trace, 5)
    assert call.resends == 2
