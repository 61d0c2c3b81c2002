"""The facts of a further attempt: the request is the same, what came of it is not."""

from proxy.telemetry.facts import NOBODY, CallFacts, PeerFacts
from proxy.telemetry.trace_context import TraceContext


def test_a_further_attempt_keeps_the_request_and_forgets_the_outcome() -> None:
    first = CallFacts(b"GET", 1)
    first.trace = TraceContext(b"t" * 16, b"firstspn", b"", 1, b"")
    first.target, first.authority, first.server = b"/a?b=1", b"shop", "shop:80"
    first.status, first.error, first.endpoint, first.first_byte = 503, "upstream-reset", "10.0.0.1:80", 2
    client = PeerFacts(b"client", encrypted=True)
    first.upstream_peer, first.client_peer, first.end = PeerFacts(b"upstream"), client, 3

    second = first.following(TraceContext(b"t" * 16, b"secondsp", b"", 1, b""), 4)
    assert (second.method, second.target, second.authority) == (b"GET", b"/a?b=1", b"shop")
    assert (second.server, second.client_peer, second.trace.span_id) == ("shop:80", client, b"secondsp")
    assert (second.start, second.resends) == (4, 1)
    assert (second.status, second.error, second.endpoint, second.first_byte, second.end) == (0, "", "", 0, 0)
    assert second.upstream_peer is NOBODY
    assert second.following(second.trace, 5).resends == 2
