"""The whole collector as a process: starts, refuses to start, stops, is killed, comes back."""

import json
import random
import resource
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.request import Request, urlopen

import grpc
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.collector import running
from tests.collector.made import client_metrics, label, span, trace_request
from tests.collector.receive.receiving import METRICS, TRACES
from tests.collector.running import Collector, export, free_port, refused, started, stored, until
from tests.support.extent import sized

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    running = started(tmp_path)
    yield running
    if running.process.poll() is None:
        running.end(signal.SIGKILL)


class Sender:
    """Sends spans, a request after the other, and notes which were acknowledged."""

    def __init__(self, target: Collector) -> None:
        self.acknowledged: set[str] = set()
        self.some = threading.Event()
        self.stopped = threading.Event()
        self._target = target
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        with grpc.insecure_channel(self._target.options["grpc"]) as channel:
            send = channel.unary_unary(TRACES, None, None)
            while not self.stopped.is_set():
                spans = [span() for _ in range(50)]
                try:
                    send(trace_request(spans).SerializeToString(), timeout=20)
                except grpc.RpcError:
                    return
                self.acknowledged.update(one.span_id.hex() for one in spans)
                if len(self.acknowledged) >= 200:
                    self.some.set()

    def finish(self) -> set[str]:
        self.stopped.set()
        self._thread.join(30)
        return self.acknowledged


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_was_acknowledged_is_there_after_the_end(
    collector: Collector, tmp_path: Path, number: signal.Signals
) -> None:
    sender = Sender(collector)
    assert sender.some.wait(30)
    status = collector.end(number)
    acknowledged = sender.finish()
    assert status == (0 if number is signal.SIGTERM else -signal.SIGKILL)
    again = started(tmp_path)
    try:
        # What waited in the spool is stored within moments of the start.
        until(lambda: again.get("/api/traces?service=shop&limit=1")["data"], "the trace")
    finally:
        assert again.end() == 0
    assert acknowledged <= {row[0] for row in stored(tmp_path, "SELECT SpanId FROM otel_traces")}


def test_a_trace_of_yesterday_is_in_the_graph_of_yesterday(collector: Collector) -> None:
    ago = 86_400 * 10**9
    now = time.time_ns()
    spans = [span(start_time_unix_nano=now - ago, end_time_unix_nano=now - ago + 10**7) for _ in range(2)]
    for one in spans:  # two requests that differ in nothing the graph shows
        collector.post("/v1/traces", trace_request([one]).SerializeToString())
    moment = (now - ago) // 1000

    def links(query: str) -> list[tuple[str, str, int]]:
        edges = collector.get(f"/api/mesh/graph?{query}")["edges"]
        return [(edge["source"], edge["target"], edge["count"]) for edge in edges]

    window = f"start={moment - 60_000_000}&end={moment + 60_000_000}"
    until(lambda: links(window) == [("user", "shop", 2)], "the calls of yesterday")
    assert links("") == links(f"start={now // 1000 - 600_000_000}") == []
    points = collector.get(f"/api/mesh/series?service=shop&{window}&step=60")["points"]
    assert sum(point["count"] for point in points) == 2


def test_spans_of_others_make_the_same_edges_in_every_format(tmp_path: Path) -> None:
    zipkin = f"127.0.0.1:{free_port()}"
    collector = started(tmp_path, zipkin=zipkin)
    now = time.time_ns()

    def made(own: int, parent: int, kind: str, **labels: str) -> Span:
        one = Span(trace_id=b"otlp" * 4, span_id=bytes([own] * 8), kind=Span.SpanKind.Value(kind))
        one.parent_span_id = bytes([parent] * 8) if parent else b""
        one.start_time_unix_nano, one.end_time_unix_nano = now, now + 1000
        label(one.attributes, {key.replace("__", "."): value for key, value in labels.items()})
        return one

    def zipkin_span(own: str, parent: str, kind: str, service: str) -> dict[str, object]:
        return {
            "traceId": "2a",
            "id": own,
            **({"parentId": parent} if parent else {}),
            "kind": kind,
            "timestamp": now // 1000,
            "duration": 1,
            "localEndpoint": {"serviceName": service},
            "remoteEndpoint": {"serviceName": "kafka"},
            "tags": {"kafka.topic": "orders"},
        }

    queue = {"messaging__system": "kafka", "messaging__destination__name": "orders"}
    calls = [
        made(1, 0, "SPAN_KIND_SERVER", db__system="redis"),
        made(2, 1, "SPAN_KIND_INTERNAL"),
        made(3, 2, "SPAN_KIND_CLIENT", http__url="http://u:p@bank:8443/pay?token=t"),
        made(4, 2, "SPAN_KIND_PRODUCER", **queue),
    ]
    try:
        collector.post("/v1/traces", trace_request(calls, "shop").SerializeToString())
        served = [made(5, 2, "SPAN_KIND_SERVER"), made(6, 4, "SPAN_KIND_CONSUMER", **queue)]
        collector.post("/v1/traces", trace_request(served, "mail").SerializeToString())
        body = [zipkin_span("a", "", "PRODUCER", "shop"), zipkin_span("b", "a", "CONSUMER", "mail")]
        urlopen(Request(f"http://{zipkin}/api/v2/spans", json.dumps(body).encode(), JSON), timeout=20).close()
        expected = {
            ("user", "shop"): 1,
            ("shop", "mail"): 1,
            ("shop", "bank:8443"): 1,
            ("shop", "kafka/orders"): 2,
            ("kafka/orders", "mail"): 2,
        }

        def edges(query: str = "") -> dict[tuple[str, str], int]:
            found = collector.get(f"/api/mesh/graph{query}")["edges"]
            return {(edge["source"], edge["target"]): edge["count"] for edge in found}

        until(lambda: edges() == expected, "the calls in the graph")
        until(lambda: edges(f"?start={now // 1000 - 900_000_000}") == expected, "the calls in the store")
    finally:
        collector.end(signal.SIGKILL)


# The machine's clock as the collector sees it: a file says by how much it was set.
SET = """
import pathlib, time
told = pathlib.Path({!r})
wall = time.time
time.time = lambda: wall() + float(told.read_text())
"""


@pytest.mark.parametrize("step", [-120.0, 3600.0])
def test_setting_the_clock_empties_neither_graph_nor_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    told = tmp_path / "set"
    told.write_text("0")
    monkeypatch.setattr(running, "MAIN", SET.format(str(told)) + running.MAIN)
    collector = started(tmp_path / "data")

    def calls() -> int:
        return sum(edge["count"] for edge in collector.get("/api/mesh/graph")["edges"])

    def report(latency: float) -> None:
        request = client_metrics([latency] * 5)
        (metric,) = request.resource_metrics[0].scope_metrics[0].metrics[:1]
        # A sidecar's report is of the moment; one that is not was held up, and counts when it was made.
        metric.exponential_histogram.data_points[0].time_unix_nano = time.time_ns()
        export(collector, request.SerializeToString(), METRICS)

    try:
        report(0.1)
        until(lambda: calls() == 5, "the calls before")
        told.write_text(str(step))
        for sent in range(4):  # each another request: a repeated one counts once
            report(0.2 + sent)
            assert calls() == 5 * (sent + 2)
            time.sleep(0.5)
        now = time.time_ns()  # the sender's clock is right
        sent_now = span(start_time_unix_nano=now, end_time_unix_nano=now + 10**6)
        collector.post("/v1/traces", trace_request([sent_now]).SerializeToString())
        for path in ("/api/traces?service=shop", "/api/mesh/search?service=shop", "/api/search?q={}"):
            until(lambda path=path: any(v for v in collector.get(path).values() if v), f"a trace by {path}")
        assert calls() == 26
        # Stored second by second, as ever: no heap of calls in one.
        ahead = collector.metric("spanmesh_clock_ahead_seconds")
        assert ahead == pytest.approx(step, abs=1.0)
    finally:
        assert collector.end() == 0
    rows = stored(
        tmp_path / "data",
        "SELECT toUnixTimestamp(Time) AS at, sum(Count) FROM mesh_edges GROUP BY at ORDER BY at",
    )
    assert sum(int(count) for _, count in rows) == 26
    assert max(int(count) for _, count in rows) < 26
    assert rows[-1][0] - rows[0][0] < 60


def test_killed_at_any_moment_nothing_acknowledged_is_lost_and_nothing_is_there_twice(tmp_path: Path) -> None:
    chance = random.Random(1)
    acknowledged: set[str] = set()
    spans = [span() for _ in range(20)]
    for _ in range(sized(6, 2)):
        running = started(tmp_path, batch_seconds=0.05, batch_bytes=50_000)
        killer = threading.Timer(chance.uniform(0.05, 0.8), running.process.kill)
        killer.start()
        with grpc.insecure_channel(running.options["grpc"]) as channel, suppress(grpc.RpcError):
            send = channel.unary_unary(TRACES, None, None)
            while True:
                # First what was not answered before: it may or may not have been kept.
                send(trace_request(spans).SerializeToString(), timeout=20)
                acknowledged.update(one.span_id.hex() for one in spans)
                spans = [span() for _ in range(20)]
        running.process.wait(30)
    last = started(tmp_path)
    export(last, trace_request(spans).SerializeToString())
    acknowledged.update(one.span_id.hex() for one in spans)
    assert last.end() == 0
    found = [row[0] for row in stored(tmp_path, "SELECT SpanId FROM otel_traces")]
    assert set(found) == acknowledged
    assert len(found) == len(acknowledged)
    assert stored(tmp_path, "SELECT sum(Spans) FROM mesh_trace_summaries") == [[len(found)]]


def test_measurements_are_in_the_graph_and_its_edges_stored(collector: Collector, tmp_path: Path) -> None:
    export(collector, client_metrics([0.01, 0.02]).SerializeToString(), METRICS)

    def edges() -> list[tuple[str, str, int]]:
        found = collector.get("/api/mesh/graph")["edges"]
        return [(edge["source"], edge["target"], edge["count"]) for edge in found]

    assert until(edges, "an edge in the graph") == [("front", "back", 2)]
    assert collector.end() == 0
    sql = "SELECT Source, Target, sum(Count), sum(Errors) FROM mesh_edges GROUP BY ALL"
    assert stored(tmp_path, sql) == [["front", "back", 2, 0]]


def test_a_stage_set_over_the_api_is_in_force_after_a_restart(collector: Collector, tmp_path: Path) -> None:
    export(collector, client_metrics([0.01]).SerializeToString(), METRICS)
    until(lambda: collector.get("/api/mesh/graph")["edges"], "an edge in the graph")
    collector.put("/api/mesh/stages", {"service": "back", "stage": "route", "percent": 40})
    assert collector.end() == 0

    again = started(tmp_path)
    try:
        # Other bytes than before: the same would be taken for a repeat.
        export(again, client_metrics([0.02]).SerializeToString(), METRICS)

        def percent() -> int:
            stages = {stage["service"]: stage for stage in again.get("/api/mesh/stages")["stages"]}
            return int(stages["back"]["percent"]) if "back" in stages else 0

        assert until(percent, "the stored stage") == 40
    finally:
        again.end()


def test_other_reasons_not_to_start_are_one_line_with_the_fix(tmp_path: Path) -> None:
    policy = tmp_path / "mesh.yaml"
    policy.write_text("services:\n  a: {stag: route}\n")
    assert refused(tmp_path, config=policy).startswith(f"{policy}: line 2: services.a.stag: unknown key")
    assert "make it a readable file" in refused(tmp_path, config=tmp_path / "none.yaml")
    assert "make it writable" in refused(policy / "data")
    gone = f"clickhouse://127.0.0.1:{free_port()}/db"
    said = refused(tmp_path, clickhouse=gone)
    assert "check --clickhouse (SPANMESH_CLICKHOUSE) and that the server is up" in said
    assert said.count("\n") == 1


def test_a_directory_in_use_is_told_with_the_fix(collector: Collector, tmp_path: Path) -> None:
    assert "in use by another collector; stop that one" in refused(tmp_path)


def test_a_full_disk_refuses_for_now_and_loses_nothing(collector: Collector, tmp_path: Path) -> None:
    """Files may not grow, as on a full disk, for the spool and the engine alike; then they may again."""
    one, two, three = (trace_request([span() for _ in range(50)]).SerializeToString() for _ in range(3))
    export(collector, one)
    pid = collector.process.pid
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (512, limits[1]))
    for body in (two, three, two):
        with pytest.raises(grpc.RpcError) as refusal:
            export(collector, body)
        assert refusal.value.code() is grpc.StatusCode.UNAVAILABLE
        assert "send it again" in str(refusal.value.details())
    assert collector.process.poll() is None
    resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
    for body in (two, three, one):
        export(collector, body)
    assert collector.end() == 0
    rows = stored(tmp_path, "SELECT count(), uniqExact(SpanId) FROM otel_traces")
    assert rows == [[150, 150]]
