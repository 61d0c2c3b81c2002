"""Search over the fake shop's traces: the real language for errors, its plain filters for finding."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from collector.query import traceql
from collector.query.traceql.language import syntax, walk

Json = dict[str, Any]
_ORDERS: Mapping[str, Callable[[Json], Any]] = {
    "start": lambda line: line["start"],
    "duration": lambda line: line["duration"],
    "spans": lambda line: line["spans"],
    "errors": lambda line: line["errors"],
    "services": lambda line: len(line["services"]),
    "root": lambda line: (line["rootService"], line["rootOperation"]),
}


def search(traces: Sequence[Json], given: Mapping[str, str]) -> tuple[int, Json]:
    """Status and body of ``/api/mesh/search``; the cursor is the number of rows before. ``>>`` is partial."""
    text = given.get("q", "").strip()
    try:
        query = traceql.parse(text) if text else None
    except traceql.TraceQLError as error:
        place = {"column": error.column, "length": error.length}
        return 400, {"errors": [{"code": 400, "msg": str(error)}], "error": {"code": 400, **place}}
    start, end = window(given)
    lines = [line(trace, query) for trace in traces]
    lines = [each for each in lines if start <= each["start"] <= end and (query is None or each["matched"])]
    order = _ORDERS[given.get("order", "start")]
    lines.sort(key=lambda each: (order(each), each["traceId"]), reverse=given.get("dir", "desc") == "desc")
    first, limit = int(given.get("cursor", "0")), int(given.get("limit", "20"))
    following = str(first + limit) if first + limit < len(lines) else None
    return 200, {
        "traces": lines[first : first + limit],
        "next": following,
        "partial": ">>" in text,
        "order": given.get("order", "start"),
        "dir": given.get("dir", "desc"),
        "window": {"start": start, "end": end},
    }


def window(given: Mapping[str, str]) -> tuple[int, int]:
    if "start" in given:
        return int(given["start"]), int(given["end"])
    now = int(time.time() * 1e6)
    text = given.get("lookback", "1h")
    return now - int(text[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[text[-1]] * 1_000_000, now


def line(trace: Json, query: syntax.Query | None) -> Json:
    spans = trace["spans"]
    names = {key: process["serviceName"] for key, process in trace["processes"].items()}
    root = next(span for span in spans if not span["references"])
    begun = min(span["startTime"] for span in spans)
    found = _matched(spans, names, query) if query else []
    told = {
        "traceId": trace["traceID"],
        "rootService": names[root["processID"]],
        "rootOperation": root["operationName"],
        "start": begun,
        "duration": (max(span["startTime"] + span["duration"] for span in spans) - begun) / 1000,
        "spans": len(spans),
        "errors": sum("error" in _tags(span) for span in spans),
        "services": sorted(set(names.values())),
    }
    if query is not None:
        told["matched"] = len(found)
        told["matchedSpans"] = [
            {
                "spanId": span["spanID"],
                "name": span["operationName"],
                "start": span["startTime"],
                "duration": span["duration"] / 1000,
            }
            for span in found[:3]
        ]
    return told


def _tags(span: Json) -> dict[str, Any]:
    return {tag["key"]: tag["value"] for tag in span["tags"]}


def _matched(spans: list[Json], names: Mapping[str, str], query: syntax.Query) -> list[Json]:
    """Spans of the last filter where every filter has some, however they are joined."""
    found: list[Json] = []
    for one in (each for stage in query.stages for each in walk.filters(stage)):
        found = [
            span
            for span in spans
            if one.condition is None or _true(span, names[span["processID"]], one.condition)
        ]
        if not found:
            return []
    return found


def _true(span: Json, service: str, condition: syntax.Expression) -> bool:
    assert isinstance(condition, syntax.Binary)
    if condition.op == "&&":
        return _true(span, service, condition.left) and _true(span, service, condition.right)
    value = condition.right.value if isinstance(condition.right, syntax.Literal) else None
    tags = _tags(span)
    if isinstance(condition.left, syntax.Intrinsic):
        status = "error" if "error" in tags else "unset"
        found = {
            "span:name": span["operationName"],
            "span:status": status,
            "span:duration": span["duration"] * 1000,
        }[condition.left.name]
    else:
        assert isinstance(condition.left, syntax.Attribute)
        found = service if condition.left.key == "service.name" else tags.get(condition.left.key)
    if condition.op in ("=", "!="):
        return found is not None and (str(found) == str(value)) == (condition.op == "=")
    assert isinstance(value, int | float)
    return found is not None and (float(found) >= value if condition.op == ">=" else float(found) <= value)


def different(traces: Sequence[Json], given: Mapping[str, str]) -> tuple[int, Json]:
    """``/api/mesh/search/different``: failing traces went to the third instance of reviews."""
    start, end = window(given)
    failed = [each for each in traces if any("error" in _tags(span) for span in each["spans"])]
    asked = [
        (each, span)
        for each in failed
        for span in each["spans"]
        if span["operationName"] == "GET /reviews/{id}"
    ]
    name = next((each["processes"][span["processID"]]["serviceName"] for each, span in asked), "reviews")
    ones, others = len(failed), len(traces) - len(failed)
    found = [
        {
            "service": name,
            "scope": scope,
            "key": key,
            "value": value,
            "selected": {"count": one, "share": one / max(ones, 1)},
            "rest": {"count": other, "share": other / max(others, 1)},
            "lift": None if not other else (one / max(ones, 1)) / (other / others),
            "separation": separation,
            "p": 1e-9,
        }
        for scope, key, value, one, other, separation in (
            ("resource", "service.instance.id", "reviews-3", ones, 2, 0.82),
            ("span", "http.response.status_code", "503", ones, 0, 0.79),
            ("span", "name", "GET reviews", ones, others // 2, 0.11),
        )
    ]
    slowest = given.get("selection") == "slow" and not given.get("min_duration")
    return 200, {
        "selected": {"traces": ones, "sampled": ones},
        "rest": {"traces": others, "sampled": others},
        "threshold": 480.0 if slowest else None,
        "partial": False,
        "stretches": {"looked": 1, "of": 1},
        "window": {"start": start, "end": end},
        "attributes": found if ones else [],
    }


def suggest(traces: Sequence[Json], given: Mapping[str, str]) -> tuple[int, Json]:
    """``/api/mesh/suggest`` from the traces themselves."""
    counted: dict[str, int] = {}
    for trace in traces:
        names = {key: process["serviceName"] for key, process in trace["processes"].items()}
        for span in trace["spans"]:
            service = names[span["processID"]]
            if given.get("service", service) != service:
                continue
            for value in _offered(given, span, service):
                counted[value] = counted.get(value, 0) + 1
    prefix = given.get("prefix", "").casefold()
    known = sorted((each for each in counted if prefix in each.casefold()), key=lambda each: -counted[each])
    scope = {"scope": "span"} if given["kind"] == "key" else {}
    found = [{"value": value, "count": counted[value], **scope} for value in known]
    return 200, {"suggestions": found[: int(given.get("limit", "20"))], "more": False}


def _offered(given: Mapping[str, str], span: Json, service: str) -> list[str]:
    tags = _tags(span)
    kind = given["kind"]
    if kind == "value":
        value = tags.get(given["key"])
        return [] if value is None else [value if isinstance(value, str) else json.dumps(value)]
    return {"service": [service], "operation": [span["operationName"]], "key": list(tags)}[kind]


ROUTES: Mapping[str, Callable[[Sequence[Json], Mapping[str, str]], tuple[int, Json]]] = {
    "/api/mesh/search": search,
    "/api/mesh/search/different": different,
    "/api/mesh/suggest": suggest,
}
