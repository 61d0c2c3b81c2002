"""Trace requests as a busy shop's SDKs send them: 15 attributes a span, 8 on each resource."""

import random
from collections.abc import Mapping
from typing import TypeVar

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span, Status

from tests.collector.made import Value, label

T = TypeVar("T")

_SERVICES = {"frontend": 30, "catalog": 20, "cart": 15, "checkout": 10, "payment": 5, "shipping": 5, "ads": 5}
_KINDS = {
    Span.SPAN_KIND_INTERNAL: 40,
    Span.SPAN_KIND_SERVER: 28,
    Span.SPAN_KIND_CLIENT: 28,
    Span.SPAN_KIND_PRODUCER: 2,
    Span.SPAN_KIND_CONSUMER: 2,
}


def requests(count: int, spans: int, now: int, seed: int) -> list[bytes]:
    """``count`` requests of ``spans`` spans each, ended before ``now`` (nanoseconds since the epoch)."""
    chance = random.Random(seed)
    return [_request(spans, chance, now).SerializeToString() for _ in range(count)]


def _request(spans: int, chance: random.Random, now: int) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    service = _one(_SERVICES, chance)
    resource = request.resource_spans.add()
    label(
        resource.resource.attributes,
        {
            "service.name": service,
            "service.instance.id": f"{service}-{chance.randrange(5)}",
            "host.name": f"node-{chance.randrange(20)}",
            "telemetry.sdk.language": "go",
            "telemetry.sdk.version": "1.28.0",
            "k8s.pod.name": f"{service}-7d9f-{chance.randrange(30)}",
            "k8s.namespace.name": "shop",
            "deployment.environment.name": "production",
        },
    )
    scope = resource.scope_spans.add()
    scope.scope.name, scope.scope.version = "go.opentelemetry.io/contrib/net/http", "0.53.0"
    while len(scope.spans) < spans:
        _trace(scope, min(spans - len(scope.spans), chance.randrange(1, 12)), service, chance, now)
    return request


def _trace(scope: ScopeSpans, count: int, service: str, chance: random.Random, now: int) -> None:
    trace, parent = chance.randbytes(16), b""
    for _ in range(count):
        span = scope.spans.add(trace_id=trace, span_id=chance.randbytes(8), parent_span_id=parent)
        parent = span.span_id
        route = f"/api/{service}/{chance.randrange(20)}"
        span.name = f"GET {route}"
        span.kind = _one(_KINDS, chance)
        span.start_time_unix_nano = now - chance.randrange(60_000_000_000)
        span.end_time_unix_nano = span.start_time_unix_nano + int(chance.lognormvariate(14, 1.5))
        failed = chance.random() < 0.02
        if failed:
            span.status.code, span.status.message = Status.STATUS_CODE_ERROR, "failed"
            label(span.events.add(name="exception").attributes, {"exception.message": "boom"})
        label(span.attributes, _attributes(service, route, failed, chance))


def _attributes(service: str, route: str, failed: bool, chance: random.Random) -> dict[str, Value]:
    return {
        "http.request.method": "GET",
        "http.route": route,
        "url.scheme": "http",
        "url.path": f"{route}/{chance.randrange(100_000)}",
        "http.response.status_code": 500 if failed else 200,
        "server.address": f"{service}.shop.svc",
        "server.port": 8080,
        "client.address": f"10.0.{chance.randrange(255)}.{chance.randrange(255)}",
        "network.protocol.version": "1.1",
        "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101",
        "user.id": f"u{chance.randrange(1_000_000)}",
        "request.id": chance.randbytes(8).hex(),
        "thread.id": chance.randrange(200),
        "cache.hit": chance.random() < 0.5,
        "queue.wait_ms": chance.random() * 5,
    }


def _one(weights: Mapping[T, int], chance: random.Random) -> T:
    (chosen,) = chance.choices(list(weights), weights=list(weights.values()))
    return chosen
