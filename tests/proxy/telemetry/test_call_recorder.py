"""Facts to spans and series, decoded with the generated classes."""

from proxy.contract import attributes
from proxy.contract.traffic import Answer
from proxy.contract.transport.peer import Peer
from proxy.telemetry.call_recorder import CallRecorder, peer_facts
from proxy.telemetry.facts import CallFacts
from proxy.telemetry.meter import IDLE_COLLECTIONS, Meter
from proxy.telemetry.trace_context import TraceContext
from tests.proxy.rig import pairs
from tests.proxy.telemetry.test_otlp import decode


class Setup:
    def __init__(self) -> None:
        self.meter = Meter()
        self.spans: list[bytes] = []
        self.recorder = CallRecorder(self.meter, self.spans.append, epoch=10**18)

    def server(self, context: TraceContext, **given: object) -> None:
        facts = {"target": b"/items/7", "authority": b"shop:80", "client_status": 200, **given}
        self.recorder.server(call(context, **facts))

    def client(self, context: TraceContext, **given: object) -> None:
        facts = {
            "target": b"/x",
            "authority": b"shop",
            "status": 200,
            "service": "shop",
            "endpoint": "10.0.0.1:1",
            "server": "shop:80",
            "arm": "routed",
            **given,
        }
        self.recorder.client(call(context, **facts))

    def series(self) -> dict[str, str]:
        deltas = self.meter.collect()
        [(series, histogram)] = [each for each in deltas if each[0].name != attributes.CLIENT_BODY_SIZE]
        assert histogram.count == 1
        return dict(series.attributes)

    def sizes(self) -> dict[tuple[str, str], tuple[int, int, float]]:
        """The counted bodies of responses: all, empty ones and the sum of bytes, by endpoint and arm."""
        return {
            (series.attributes[attributes.ENDPOINT], series.attributes[attributes.ARM]): (
                histogram.count,
                histogram.zero,
                histogram.sum,
            )
            for series, histogram in self.meter.collect()
            if series.name == attributes.CLIENT_BODY_SIZE
        }


def call(context: TraceContext, **facts: object) -> CallFacts:
    """The facts of a GET that took two milliseconds."""
    made = CallFacts()
    made.method, made.trace = b"GET", context
    made.start, made.end = 1_000_000, 3_000_000
    for name, value in facts.items():
        assert hasattr(made, name)
        setattr(made, name, value)
    return made


def context(flags: int = 1, parent: bytes = bytes(7) + b"\x02") -> TraceContext:
    return TraceContext(bytes(15) + b"\x01", bytes(7) + b"\x03", parent, flags, b"ot=th:0")


def test_a_server_span_has_the_stable_http_attributes() -> None:
    setup = Setup()
    peer = peer_facts(Peer(("10.1.1.1", 5555)), client=True)
    setup.server(context(), target=b"/items/7?a=1&sig=secret", caller=b"web", client_peer=peer)
    [span] = decode(setup.spans)
    assert pairs(span.attributes) == {
        "http.request.method": "GET",
        "http.route": "/items/{id}",
        "http.response.status_code": 200,
        "url.path": "/items/7",
        "url.query": "a=1&sig=REDACTED",
        "url.scheme": "http",
        "server.address": "shop",
        "server.port": 80,
        "client.address": "10.1.1.1",
        "network.peer.address": "10.1.1.1",
        "network.peer.port": 5555,
        "spanmesh.caller": "web",
    }
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (10**18 + 10**6, 10**18 + 3 * 10**6)
    assert setup.series() == {
        "spanmesh.caller": "web",
        "http.request.method": "GET",
        "http.route": "/items/{id}",
        "spanmesh.status_class": "2xx",
        "tls.established": "false",
    }


def test_that_a_call_was_encrypted_is_what_its_connection_says() -> None:
    for side, peer in (("server", "client_peer"), ("client", "upstream_peer")):
        for encrypted in (True, False):
            setup = Setup()
            facts = peer_facts(Peer(("10.1.1.1", 5555), encrypted=encrypted), client=side == "server")
            getattr(setup, side)(context(), **{peer: facts})
            [span] = decode(setup.spans)
            told = pairs(span.attributes)
            assert setup.series()["tls.established"] == str(encrypted).lower()
            assert told.get("tls.established") == (True if encrypted else None)
            if side == "server":
                assert told["url.scheme"] == ("https" if encrypted else "http")


def test_of_a_tunnel_in_the_clear_nobody_knows_what_its_bytes_are() -> None:
    for encrypted, said in ((True, "true"), (False, None)):
        setup = Setup()
        facts = peer_facts(Peer(("10.1.1.1", 5555), encrypted=encrypted), client=False)
        setup.client(context(), method=b"CONNECT", upstream_peer=facts)
        assert setup.series().get("tls.established") == said


def test_an_unsampled_request_is_counted_and_gives_no_span() -> None:
    setup = Setup()
    setup.server(context(flags=0))
    assert not setup.spans
    assert setup.series()["spanmesh.status_class"] == "2xx"


def test_what_counts_as_a_failure() -> None:
    cases: list[tuple[dict[str, object], str, str | None, bool]] = [
        ({"status": 503}, "5xx", "503", True),
        ({"status": 404}, "4xx", None, True),
        ({"status": 0, "error": "connect-refused"}, "error", "connect-refused", True),
        ({"status": 200, "error": "upstream-reset"}, "error", "upstream-reset", True),
        ({"status": 0, "error": "client-disconnect"}, "4xx", "client-disconnect", True),
        ({"status": 302}, "3xx", None, False),
    ]
    for facts, kind, error, failed in cases:
        setup = Setup()
        setup.client(context(), **facts)
        [span] = decode(setup.spans)
        series = setup.series()
        assert (series["spanmesh.status_class"], series.get("error.type")) == (kind, error)
        assert (span.status.code == 2) is failed
        assert (series["peer.service"], series["spanmesh.endpoint"]) == ("shop", "10.0.0.1:1")


def test_the_class_of_an_answer_is_counted_where_the_status_class_says_another() -> None:
    cases: list[tuple[dict[str, object], str | None]] = [
        ({"status": 429, "answer": Answer.SHED}, "shed"),
        ({"status": 503, "answer": Answer.SHED}, "shed"),
        ({"status": 304, "answer": Answer.OK}, "ok"),
        ({"status": 200, "answer": Answer.FAILED}, "failed"),
        ({"status": 404, "answer": Answer.REFUSED}, None),
        ({"status": 404}, None),
        ({"status": 200}, None),
        ({"status": 429, "answer": Answer.SHED, "error": "upstream-reset"}, None),
    ]
    for facts, answer in cases:
        setup = Setup()
        setup.client(context(), **facts)
        assert setup.series().get("spanmesh.answer") == answer


def test_sizes_of_successful_responses_are_counted_by_endpoint_and_arm() -> None:
    setup = Setup()
    for target, size in ((b"/a", 100), (b"/b", 0), (b"/c", 20)):
        setup.client(context(), target=target, size=size)
    setup.client(context(), status=204)
    setup.client(context(0), size=7, arm="direct")
    setup.client(context(), size=3, endpoint="10.0.0.2:1", answer=Answer.OK)
    assert setup.sizes() == {
        ("10.0.0.1:1", "routed"): (4, 2, 120),
        ("10.0.0.1:1", "direct"): (1, 0, 7),
        ("10.0.0.2:1", "routed"): (1, 0, 3),
    }


def test_only_successes_that_have_a_body_have_a_size() -> None:
    setup = Setup()
    for facts in (
        {"status": 404},
        {"status": 302},
        {"status": 304},
        {"status": 503},
        {"error": "upstream-reset"},
        {"answer": Answer.FAILED},
        {"method": b"HEAD"},
        {"method": b"CONNECT"},
        {"endpoint": ""},
    ):
        setup.client(context(), size=9, **facts)
    setup.server(context(), size=9)
    assert setup.sizes() == {}


def test_sizes_are_counted_on_after_their_series_was_forgotten() -> None:
    setup = Setup()
    setup.client(context(), size=9)
    for _ in range(IDLE_COLLECTIONS + 2):
        setup.meter.collect()
    setup.recorder.tidy()
    setup.client(context(), size=9)
    assert setup.sizes() == {("10.0.0.1:1", "routed"): (1, 0, 9)}
