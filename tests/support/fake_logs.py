"""Log records of the fake traces: a line of each server, a failure with its stack of each failed span."""

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]
PAGE_MAX = 1000
_LEAST: Mapping[str, int] = {"": 0, "trace": 0, "debug": 0, "info": 1, "warn": 2, "error": 3, "fatal": 4}


def records(trace: Json) -> list[Json]:
    found = []
    for span in trace["spans"]:
        tags = {tag["key"]: tag["value"] for tag in span["tags"]}
        service = trace["processes"][span["processID"]]["serviceName"]
        if tags.get("span.kind") == "server":
            said = f"began {span['operationName']}"
            found.append(_record(span, service, "info", said, {"thread.name": "w-1"}))
        if "error" in tags:
            stack = "".join(f"\n    at shop.Call.{step}(Call.java:{40 + step})" for step in range(12))
            found.append(
                _record(
                    span,
                    service,
                    "error",
                    f"call of {service} failed" + stack,
                    {"exception.type": "ConnectionError", "attempt": "1"},
                )
            )
    return sorted(found, key=lambda each: each["time"])


def _record(span: Json, service: str, severity: str, body: str, attributes: Json) -> Json:
    at = span["startTime"] + (span["duration"] // 2 if severity == "error" else 0)
    return {
        "time": at,
        "traceId": span["traceID"],
        "spanId": span["spanID"],
        "service": service,
        "severity": severity,
        "severityText": severity.upper(),
        "body": body,
        "event": "",
        "scope": f"{service}.http",
        "attributes": attributes,
        "resource": {"service.name": service},
    }


def logs(traces: Sequence[Json], given: Mapping[str, str]) -> tuple[int, Json]:
    """``/api/mesh/logs``; the cursor is the number of records before."""
    found = [
        each
        for trace in traces
        if given.get("trace", trace["traceID"]) == trace["traceID"]
        for each in records(trace)
        if given.get("span", each["spanId"]) == each["spanId"]
        and _LEAST[each["severity"]] >= _LEAST[given.get("severity", "")]
        and given.get("text", "").casefold() in each["body"].casefold()
    ]
    first, limit = int(given.get("cursor", "0")), min(int(given.get("limit", "100")), PAGE_MAX)
    following = str(first + limit) if first + limit < len(found) else None
    return 200, {
        "logs": found[first : first + limit],
        "next": following,
        "dir": "asc",
        "window": {"start": 0, "end": 0},
    }


def spans(traces: Sequence[Json], given: Mapping[str, str]) -> tuple[int, Json]:
    """``/api/mesh/logs/spans``."""
    counted: dict[str, Json] = {}
    for each in (each for one in traces if one["traceID"] == given["trace"] for each in records(one)):
        span = counted.setdefault(each["spanId"], {"spanId": each["spanId"], "count": 0, "errors": 0})
        span["count"] += 1
        span["errors"] += each["severity"] == "error"
    return 200, {"total": sum(each["count"] for each in counted.values()), "spans": list(counted.values())}


ROUTES = {"/api/mesh/logs": logs, "/api/mesh/logs/spans": spans}
