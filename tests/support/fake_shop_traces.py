"""Traces of the fake shop: six to twelve spans each, every seventh failing in reviews."""

import math
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]


def shop_trace(index: int, start: int, rename: Callable[[str], str]) -> Json:
    """Return one trace of the shop in Jaeger's JSON; ``start`` is microseconds since the epoch."""
    trace_id = f"{index + 0x4BF92F3577B34DA6A3CE929D0E0E4700:032x}"
    slow = 1 + 0.6 * math.sin(index * 1.7) + (4 if index % 11 == 5 else 0)
    failed = index % 7 == 3
    plan: list[tuple[str, str, int, float, float]] = [  # service, operation, parent, begin, length (ms)
        ("frontend", "GET /product/{id}", -1, 0, 120),
        ("frontend", "GET catalog", 0, 4, 88),
        ("catalog", "GET /catalog/{id}", 1, 6, 84),
        ("catalog", "GET reviews", 2, 14, 60),
        ("reviews", "GET /reviews/{id}", 3, 16, 55),
        ("database", "SELECT reviews", 4, 22, 40),
        ("frontend", "GET cart", 0, 94, 20),
        ("cart", "GET /cart", 6, 95, 17),
        ("database", "SELECT carts", 7, 98, 9),
        ("frontend", "POST checkout", 0, 112, 7),
        ("checkout", "POST /checkout", 9, 113, 5),
        ("payment", "POST /charge", 10, 114, 3),
    ]
    plan = plan[: 6 + index % 7]
    spans = [_span(trace_id, at, one, start, slow, failed) for at, one in enumerate(plan)]
    names = sorted({service for service, *_ in plan})
    for span in spans:
        span["processID"] = f"p{names.index(span.pop('service')) + 1}"
    processes = {
        f"p{at + 1}": {
            "serviceName": rename(name),
            "tags": [
                {"key": "service.instance.id", "type": "string", "value": f"{name}-1"},
                {"key": "cloud.availability_zone", "type": "string", "value": "zone-a"},
            ],
        }
        for at, name in enumerate(names)
    }
    return {"traceID": trace_id, "spans": spans, "processes": processes, "warnings": None}


def _span(
    trace_id: str, at: int, one: tuple[str, str, int, float, float], start: int, slow: float, failed: bool
) -> Json:
    service, operation, parent, begin, length = one
    wrong = (failed and service in ("reviews", "database")) or (failed and at in (0, 2, 3))
    tags = [
        ("span.kind", "client" if "/" not in operation else "server"),
        ("http.request.method", "GET"),
        ("url.path", "/product/1492"),
        ("http.response.status_code", 503 if wrong else 200),
        ("network.peer.address", "127.0.0.1"),
        ("spanmesh.endpoint", "127.0.0.1:9103"),
    ]
    logs = []
    if wrong:
        tags.append(("error", True))
        logs = [
            {
                "timestamp": start + int(begin * slow * 1000) + 2000,
                "fields": [
                    {"key": "event", "type": "string", "value": "exception"},
                    {
                        "key": "exception.message",
                        "type": "string",
                        "value": "connection refused by 127.0.0.1:9103",
                    },
                ],
            }
        ]
    return {
        "traceID": trace_id,
        "spanID": f"{at + 1:016x}",
        "operationName": operation,
        "service": service,
        "references": [{"refType": "CHILD_OF", "traceID": trace_id, "spanID": f"{parent + 1:016x}"}]
        if parent >= 0
        else [],
        "startTime": start + int(begin * slow * 1000),
        "duration": int(length * slow * 1000),
        "tags": [{"key": key, "type": "string", "value": value} for key, value in tags],
        "logs": logs,
        "warnings": None,
    }
