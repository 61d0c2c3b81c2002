"""Log records read back from the real store: those of a trace, of a span, of a service and a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.collector.query.world import NOW_US, ONE, TWO, World, insert

PATH = "/api/mesh/logs"
SPAN = "b7ad6b7169203331"


@dataclass
class Log:
    """A row of otel_logs; ``at`` is seconds before NOW."""

    body: str = "said"
    at: float = 10.0
    trace: str = ONE
    span: str = SPAN
    service: str = "frontend"
    number: int = 9
    severity: str = "INFO"
    attributes: Mapping[str, str] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        nanoseconds = NOW_US * 1000 - round(self.at * 1e9)
        return {
            "Timestamp": nanoseconds,
            "TraceId": self.trace,
            "SpanId": self.span,
            "TraceFlags": 1,
            "SeverityText": self.severity,
            "SeverityNumber": self.number,
            "ServiceName": self.service,
            "Body": self.body,
            "ResourceSchemaUrl": "",
            "ResourceAttributes": {"service.name": self.service, "host.name": "node-1"},
            "ScopeSchemaUrl": "",
            "ScopeName": "shop.cart",
            "ScopeVersion": "",
            "ScopeAttributes": {},
            "LogAttributes": dict(self.attributes),
            "EventName": "",
        }


def write(world: World, *logs: Log) -> None:
    insert(world.database, "otel_logs", [log.row() for log in logs])


def bodies(world: World, **query: Any) -> list[str]:
    return [each["body"] for each in world.get(PATH, **query)["logs"]]


def test_the_logs_of_a_trace_oldest_first_whatever_their_age(world: World) -> None:
    write(world, Log("late", at=1), Log("early", at=86_400, attributes={"try": "2"}), Log("other", trace=TWO))
    reply = world.get(PATH, trace=ONE.upper())
    assert [each["body"] for each in reply["logs"]] == ["early", "late"]
    assert reply["logs"][0] == {
        "time": NOW_US - 86_400_000_000,
        "traceId": ONE,
        "spanId": SPAN,
        "service": "frontend",
        "severity": "info",
        "severityText": "INFO",
        "body": "early",
        "event": "",
        "scope": "shop.cart",
        "attributes": {"try": "2"},
        "resource": {"service.name": "frontend", "host.name": "node-1"},
    }
    assert (reply["next"], reply["dir"]) == (None, "asc")
    assert bodies(world, trace=ONE, dir="desc") == ["late", "early"]
    assert bodies(world, trace=ONE, lookback="2d") == ["early"]  # a window ends three seconds ago


def test_the_logs_of_one_span_and_how_many_each_span_has(world: World) -> None:
    write(
        world, Log("one"), Log("two", number=17), Log("else", span="00000000000000aa"), Log("none", span="")
    )
    assert bodies(world, trace=ONE, span="AA") == ["else"]
    told = world.get(f"{PATH}/spans", trace=ONE)
    assert told["total"] == 4
    assert {each["spanId"]: (each["count"], each["errors"]) for each in told["spans"]} == {
        SPAN: (2, 1),
        "00000000000000aa": (1, 0),
        "": (1, 0),
    }
    assert world.get(f"{PATH}/spans", trace=TWO) == {"total": 0, "spans": []}


def test_by_service_time_text_and_severity_newest_first(world: World) -> None:
    write(
        world,
        Log("card DECLINED", at=30, trace="", span="", service="payment", number=17),
        Log("card taken", at=20, trace="", span="", service="payment"),
        Log("declined by rule", at=10, service="fraud", number=0, severity="Warning"),
        Log("long ago", at=7200, service="payment", number=21),
        Log("% declined_", at=15, number=0, severity="whatever"),
    )
    assert bodies(world, service="payment") == ["card taken", "card DECLINED"]
    assert bodies(world, text="declined") == ["declined by rule", "% declined_", "card DECLINED"]
    assert bodies(world, text="% declined_") == ["% declined_"]
    assert bodies(world, severity="warn") == ["declined by rule", "card DECLINED"]
    assert bodies(world, severity="error", lookback="3h") == ["card DECLINED", "long ago"]
    start, end = NOW_US - 20_000_000, NOW_US - 10_000_000
    assert bodies(world, start=start, end=end, dir="asc") == ["card taken", "% declined_", "declined by rule"]
    assert bodies(world, service="nobody") == []


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_pages_tell_every_record_once_though_many_are_of_one_instant(world: World, direction: str) -> None:
    logs = [Log(f"line {index}", at=10 + index // 5) for index in range(23)]
    write(world, *logs, Log("line 7", at=11))  # sent twice
    query: dict[str, Any] = {"service": "frontend", "limit": 3, "dir": direction}
    found: list[tuple[int, str]] = []
    page: dict[str, Any] = {"next": ""}
    while page["next"] is not None:
        page = world.get(PATH, **query, cursor=page["next"])
        found += [(each["time"], each["body"]) for each in page["logs"]]
        write(world, Log("meanwhile", at=-5))
    assert sorted(body for _, body in found) == sorted(log.body for log in logs)
    times = [time for time, _ in found]
    assert times == sorted(times, reverse=direction == "desc")


def test_a_long_body_is_cut(world: World) -> None:
    write(world, Log("é" * 50_000, attributes={"stack": "x" * 50_000}))
    [log] = world.get(PATH, trace=ONE)["logs"]
    assert (len(log["body"]), len(log["attributes"]["stack"])) == (32_768, 32_768)
