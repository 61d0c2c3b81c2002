"""The whole loop on real traffic: what a new user sees when following the README."""

import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.error import HTTPError

import pytest
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind

from deploy import api
from tests.support.demo import EDGES, Demo, until
from tests.support.extent import ALL


def visit(demo: Demo, path: str, headers: dict[str, str] | None = None) -> int:
    """Status of one visit to the shop's front; 0 when the connection broke."""
    host, port = demo.address("frontend")
    return ask(host, port, path, headers)


def ask(host: str, port: int, path: str, headers: dict[str, str] | None = None) -> int:
    connection = HTTPConnection(host, port, timeout=10)
    try:
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        response.read()
        return response.status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()


def test_the_graph_shows_every_edge_of_the_shop_measured(demo: Demo) -> None:
    edges = until(lambda: e if (e := demo.edges()).keys() >= EDGES else None, 30, f"{EDGES} in the graph")
    for pair in EDGES:
        assert edges[pair]["success"] == 1.0, pair
        assert 0 < edges[pair]["p50"] <= edges[pair]["p90"] <= edges[pair]["p99"], pair
        assert edges[pair]["rate"] > 0, pair
    nodes = {node["name"]: node for node in demo.get("/api/mesh/graph")["nodes"]}
    assert nodes["reviews"]["endpoints"] == 3
    assert nodes["reviews"]["stage"] == "observe"
    assert nodes["user"]["kind"] == "user"


def test_one_request_is_one_complete_trace_across_all_hops(demo: Demo) -> None:
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    assert visit(demo, "/checkout/7", {"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"}) == 200
    # frontend > checkout > (cart > stockdb, payment, shipping): a server span each, a client span each hop
    expected = {"frontend": 2, "checkout": 4, "cart": 2, "stockdb": 1, "payment": 1, "shipping": 1}

    def services() -> dict[str, int] | None:
        try:
            found = demo.get(f"/api/traces/{trace_id}")["data"][0]
        except Exception:
            return None
        names = [found["processes"][span["processID"]]["serviceName"] for span in found["spans"]]
        counted = {name: names.count(name) for name in set(names)}
        return counted if counted == expected else None

    until(services, 15, f"a trace of {expected}")


def test_search_returns_complete_traces(demo: Demo) -> None:
    def complete() -> list[Any]:
        found = demo.get("/api/traces?service=frontend&operation=GET%20/product/%7Bid%7D&limit=20")["data"]
        return [each for each in found if len({p["serviceName"] for p in each["processes"].values()}) >= 5]

    found = until(complete, 20, "traces of /product that cross frontend, catalog, stockdb, reviews, ratings")
    for each in found:
        ids = {span["spanID"] for span in each["spans"]}
        roots = [s for s in each["spans"] if not any(r["spanID"] in ids for r in s["references"])]
        assert len(roots) == 1


def test_dependencies_agree_with_the_graph(demo: Demo) -> None:
    def agreed() -> bool:
        now = int(time.time() * 1000)
        links = demo.get(f"/api/dependencies?endTs={now}&lookback=3600000")["data"]
        found = {(link["parent"], link["child"]) for link in links}
        return {pair for pair in EDGES if pair[0] != "user"} <= found <= demo.edges().keys() | found

    until(agreed, 20, "the edges of the graph in /api/dependencies")


def test_a_service_with_the_stock_sdk_and_no_sidecar_appears(demo: Demo) -> None:
    resource = Resource.create({"service.name": "newsletter"})
    provider = TracerProvider(resource=resource)
    exporter = OTLPSpanExporter(endpoint=f"{demo.otlp}/v1/traces")
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("shop")
    for _ in range(3):
        with (
            tracer.start_as_current_span("send", kind=SpanKind.SERVER),
            tracer.start_as_current_span(
                "SELECT readers",
                kind=SpanKind.CLIENT,
                attributes={"db.system": "postgresql", "db.name": "mail"},
            ) as span,
        ):
            span.set_status(trace.StatusCode.OK)
    provider.shutdown()

    def appeared() -> bool:
        nodes = {node["name"]: node["kind"] for node in demo.get("/api/mesh/graph")["nodes"]}
        return nodes.get("newsletter") == "service" and "database" in nodes.values()

    until(appeared, 30, "newsletter and its database in the graph")
    until(lambda: "newsletter" in demo.get("/api/services")["data"], 30, "newsletter in the store")
    found = "/api/traces?service=newsletter&limit=10"
    until(lambda: len(demo.get(found)["data"]) == 3, 15, "its three traces in a search")


@pytest.mark.parametrize("content_type", ["application/x-protobuf", "application/json"])
def test_a_broken_body_is_refused_and_says_why(demo: Demo, content_type: str) -> None:
    request = urllib.request.Request(
        f"{demo.otlp}/v1/traces", data=b"\x0a\xff broken", headers={"content-type": content_type}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with pytest.raises(HTTPError) as refused:
        opener.open(request, timeout=10)
    assert refused.value.code == 400
    assert len(refused.value.read()) > 20


def test_routing_recovers_from_a_failing_instance_and_observing_does_not(demo: Demo) -> None:
    bad = next(e for e in demo.endpoints("reviews") if e["version"] == "v1")
    host, port = demo.address("frontend")

    def success(count: int) -> float:
        return sum(ask(host, port, "/product/7") == 200 for _ in range(count)) / count

    demo.fault(bad["app"], "fail")
    try:
        assert 0.4 <= success(60) <= 0.85  # a third of the calls of reviews fail
        until(lambda: [d for d in decisions(demo) if d["kind"] == "eject"], 20, "the ejection as a decision")
        assert success(60) <= 0.85  # in observe the mesh only watches
        assert demo.set_stage("reviews", "route")["stage"] == "route"
        until(lambda: success(100) >= 0.995, 30, "recovery once routing is on")
        ejection = next(d for d in decisions(demo) if d["kind"] == "eject")
        assert ejection["endpoint"] == bad["address"]
        assert ejection["evidence"]
        assert ejection["reason"]
    finally:
        demo.fault(bad["app"], "")
        demo.set_stage("reviews", "observe")

    def back() -> bool:
        return all(e["state"] == "healthy" for e in demo.endpoints("reviews"))

    if ALL:  # the real time out of an ejection, and of the probation after it
        until(back, 90, "the endpoint returned")


def decisions(demo: Demo) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = demo.get("/api/mesh/decisions?service=reviews")["decisions"]
    return found


@contextmanager
def steady_visits(demo: Demo) -> Iterator[list[int]]:
    """Visits the shop all the time; yields the statuses seen."""
    host, port = demo.address("frontend")
    seen: list[int] = []
    stop = threading.Event()

    def loop() -> None:
        while not stop.wait(0.02):
            seen.append(ask(host, port, "/cart/3"))

    visitor = threading.Thread(target=loop)
    visitor.start()
    try:
        yield seen
    finally:  # else a failed test leaves a thread that keeps the run from ending
        stop.set()
        visitor.join()


def test_a_killed_collector_loses_nothing_and_stops_no_request(demo: Demo) -> None:
    known = {t["traceID"] for t in demo.get("/api/traces?service=frontend&limit=200")["data"]}
    assert known
    with steady_visits(demo) as statuses:
        demo.kill("collector")
        until(lambda: not api.answers(demo.api, "/readyz"), 10, "the collector to be gone")
        until(lambda: api.answers(demo.api, "/readyz"), 60, "the collector to be back")
        until(lambda: demo.edges().keys() >= EDGES, 30, "the live graph to be back")
    assert set(statuses) == {200}
    for trace_id in sorted(known)[:20]:
        assert demo.get(f"/api/traces/{trace_id}")["data"][0]["spans"]
