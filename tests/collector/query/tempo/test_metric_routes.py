"""Tempo's API for series on the real store over real HTTP, with the queries that Grafana sends."""

from typing import Any

import pytest

from tests.collector.query.world import NOW, ONE, TWO, Span, World

A, B, C = "a" * 16, "b" * 16, "c" * 16
AT = (NOW - 50) * 10**9


@pytest.fixture(scope="module")
def shop(module_world: World) -> World:
    error = {"exception.type": "E", "exception.message": "no stock"}
    module_world.spans(
        Span(ONE, A, at=50, took=300, attributes={"http.status_code": "500"}, status="Error"),
        Span(
            ONE,
            B,
            A,
            "reviews",
            "GET /reviews",
            at=49.9,
            took=200,
            status="Error",
            events=[(AT, "exception", error)],
        ),
        Span(ONE, C, B, "ratings", "SELECT", "Client", at=49.8, took=2, attributes={"db.name": "shop"}),
        Span(TWO, A, at=20, took=900, attributes={"http.status_code": "200"}),
    )
    return module_world


def query_range(world: World, q: str, **query: str) -> dict[str, Any]:
    # As Grafana's data source: seconds, and a step where a panel has one.
    given = {"start": str(NOW - 60), "end": str(NOW), "step": "30s", **query}
    reply: dict[str, Any] = world.get("/api/metrics/query_range", q=q, **given)
    return reply


def lines(reply: dict[str, Any]) -> dict[str, list[tuple[int, float]]]:
    return {
        ",".join(f"{label['key']}={next(iter(label['value'].values()))}" for label in each["labels"]): [
            (int(sample["timestampMs"]) // 1000 - NOW, sample["value"]) for sample in each["samples"]
        ]
        for each in reply["series"]
    }


def test_a_series_as_grafana_reads_it(shop: World) -> None:
    reply = query_range(
        shop,
        "{nestedSetParent<0 && true && status=error} | rate() by(resource.service.name) with(sample=true)",
    )
    [series] = reply["series"]
    assert series["labels"] == [{"key": "resource.service.name", "value": {"stringValue": "frontend"}}]
    assert series["samples"] == [
        {"timestampMs": str((NOW - 30) * 1000), "value": 1 / 30},
        {"timestampMs": str(NOW * 1000), "value": 0.0},
    ]
    [exemplar] = series["exemplars"]
    assert exemplar["timestampMs"] == str((NOW - 50) * 1000)
    assert {"key": "trace:id", "value": {"stringValue": ONE}} in exemplar["labels"]
    assert reply["metrics"] == {"completedJobs": 1, "totalJobs": 1}
    assert reply.keys() == {"series", "metrics"}


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("{nestedSetParent<0 && true} | rate()", {"__name__=rate": [(-30, 1 / 30), (0, 1 / 30)]}),
        (
            "{true && true && name != nil} | count_over_time() by(name, status)",
            {
                "name=GET /,status=error": [(-30, 1), (0, 0)],
                "name=GET /,status=unset": [(-30, 0), (0, 1)],
                "name=GET /reviews,status=error": [(-30, 1), (0, 0)],
                "name=SELECT,status=unset": [(-30, 1), (0, 0)],
            },
        ),
        (
            "{kind=server && true && rootServiceName != nil} | rate() by(rootServiceName)",
            {"rootServiceName=frontend": [(-30, 2 / 30), (0, 1 / 30)]},
        ),
        ('{span.db.name!="" && true} | avg_over_time(duration)', {"__name__=avg_over_time": [(-30, 0.002)]}),
        ("{nestedSetParent<0} | quantile_over_time(duration, 0.9)", {"p=0.9": [(-30, 0.3), (0, 0.9)]}),
        (
            "{ } | max_over_time(span.http.status_code) by(span.http.status_code)",
            {"span.http.status_code=500": [(-30, 500)], "span.http.status_code=200": [(0, 200)]},
        ),
        (
            "{ status = error } >> { } | count_over_time() by(name)",
            {"name=GET /reviews": [(-30, 1), (0, 0)], "name=SELECT": [(-30, 1), (0, 0)]},
        ),
        (
            "{ } | rate() by(resource.service.name) | topk(1)",
            {"resource.service.name=frontend": [(-30, 1 / 30), (0, 1 / 30)]},
        ),
        ("{ } | count_over_time() by(name) > 0 | bottomk(1)", {"name=GET /": [(-30, 1), (0, 1)]}),
        (
            "{ resource.service.name =~ `re.*` } | rate() by(resource.missing)",
            {"resource.missing=nil": [(-30, 1 / 30), (0, 0)]},
        ),
        ("{ status = ok } | rate()", {}),
    ],
)
def test_queries_of_grafana_and_their_neighbours(shop: World, q: str, expected: dict[str, Any]) -> None:
    found = lines(query_range(shop, q))
    assert found.keys() == expected.keys()
    for key, samples in expected.items():
        assert [time for time, _ in found[key]] == [time for time, _ in samples], key
        assert [value for _, value in found[key]] == pytest.approx([value for _, value in samples])


def test_a_histogram_has_buckets_in_seconds(shop: World) -> None:
    reply = query_range(shop, "{nestedSetParent<0 && true} | histogram_over_time(duration) with(sample=true)")
    buckets = [each["labels"][0]["value"]["doubleValue"] for each in reply["series"]]
    assert [each["labels"][0]["key"] for each in reply["series"]] == ["__bucket"] * 2
    assert sorted(buckets) == pytest.approx([0.536870912, 1.073741824])


def test_a_comparison_names_sides_and_attributes(shop: World) -> None:
    start, end = (NOW - 60) * 10**9, NOW * 10**9
    reply = query_range(
        shop,
        "{nestedSetParent<0 && true} | "
        f"compare({{duration >= 400ms && duration <= 2s}}, 10, {start}, {end})",
    )
    found = lines(reply)
    assert found["__meta_type=selection,span.http.status_code=200"] == [(-30, 0), (0, 1)]
    assert found["__meta_type=baseline,span.http.status_code=500"] == [(-30, 1), (0, 0)]
    assert found["__meta_type=baseline_total,status=nil"] == [(-30, 1), (0, 0)]
    assert found["__meta_type=selection_total,kind=nil"] == [(-30, 0), (0, 1)]


def test_one_value_of_the_whole_window(shop: World) -> None:
    reply = shop.get(
        "/api/metrics/query", q="{ } | count_over_time() by(kind)", start=str(NOW - 60), end=str(NOW)
    )
    assert reply["series"] == [
        {"labels": [{"key": "kind", "value": {"stringValue": "server"}}], "value": 3.0},
        {"labels": [{"key": "kind", "value": {"stringValue": "client"}}], "value": 1.0},
    ]
    [rate] = shop.get("/api/metrics/query", query="{ } | rate()", since="60s")["series"]
    assert rate["value"] == pytest.approx(4 / 60)


@pytest.mark.parametrize(
    "query",
    [
        {"start": str((NOW - 60) * 10**9), "end": str(NOW * 10**9), "step": "30"},
        {"start": f"{NOW - 60}.0", "end": f"{NOW}.000", "step": "0.5m"},
        {"since": "1m", "step": "30.0"},
        {"step": "30s", "start": "2026-11-21T07:59:00Z", "end": "2026-11-21T08:00:00+00:00"},
    ],
)
def test_times_and_steps_in_any_spelling(shop: World, query: dict[str, str]) -> None:
    reply = shop.get("/api/metrics/query_range", q="{ } | count_over_time()", **query)
    assert lines(reply) == {"__name__=count_over_time": [(-30, 3), (0, 1)]}


def test_without_times_and_step_the_last_hour_in_240_values(shop: World) -> None:
    [samples] = lines(shop.get("/api/metrics/query_range", q="{ } | count_over_time()")).values()
    assert (len(samples), samples[-1][0], sum(value for _, value in samples)) == (240, 0, 4)


@pytest.mark.parametrize(
    ("exemplars", "hint", "count"),
    [("0", "", 0), ("1", "", 1), ("100", "with(exemplars=false)", 0), ("0", "with(exemplars=2)", 2)],
)
def test_as_many_exemplars_as_asked_for(shop: World, exemplars: str, hint: str, count: int) -> None:
    reply = query_range(shop, f"{{ }} | rate() {hint}", exemplars=exemplars)
    assert sum(len(each.get("exemplars", ())) for each in reply["series"]) == count


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"q": "{ }"}, "column 1: this finds traces"),
        ({"q": ""}, "a spanset such as"),
        ({"q": "{ } | rate() | { .a }"}, "q, column 16"),
        ({"start": "yesterday"}, "write seconds or nanoseconds"),
        ({"start": "2026-11-21T08:00:00"}, "write seconds or nanoseconds"),
        ({"end": "99999999999999999999"}, "write seconds or nanoseconds"),
        ({"start": str(NOW), "end": str(NOW)}, "it must be before end"),
        ({"step": "0"}, "of a millisecond or more"),
        ({"step": "-5s"}, "write a number with a unit"),
        ({"step": "1ms"}, "at most 11000 points"),
        ({"exemplars": "many"}, "write a whole number"),
        ({"since": "1"}, "write a number with a unit"),
    ],
)
def test_what_is_wrong_is_said(shop: World, query: dict[str, str], words: str) -> None:
    given: dict[str, Any] = {"q": "{ } | rate()", "start": str(NOW - 60), "end": str(NOW), **query}
    if "since" in query:
        del given["start"]
    status, message = shop.refused("/api/metrics/query_range", **given)
    assert status == 400
    assert words in message


def test_what_the_structure_and_exceptions_of_drilldown_ask_for(shop: World) -> None:
    """Searches beside the series: places in the trace, and fields of events."""
    roots = "{nestedSetParent<0 && true && status = error}"
    selected = "select(status, resource.service.name, name, nestedSetParent, nestedSetLeft, nestedSetRight)"
    [trace] = shop.get(
        "/api/search", q=f"({roots} &>> {{ status = error }}) || ({roots}) | {selected}", spss="20"
    )["traces"]
    spans = [
        {each["key"]: next(iter(each["value"].values())) for each in span["attributes"]}
        for span in trace["spanSet"]["spans"]
    ]
    assert [(each["nestedSetParent"], each["nestedSetLeft"], each["nestedSetRight"]) for each in spans] == [
        ("-1", "1", "6"),
        ("1", "2", "5"),
    ]
    assert [(each["service.name"], each["name"], each["status"]) for each in spans] == [
        ("frontend", "GET /", "error"),
        ("reviews", "GET /reviews", "error"),
    ]
    told_of = "resource.service.name, event.exception.message,event.exception.stacktrace,event.exception.type"
    selected = f"select({told_of})"
    [trace] = shop.get(
        "/api/search", q=f"{{true && true && status = error}} | {selected} with(most_recent=true)"
    )["traces"]
    told = [each["key"] for span in trace["spanSet"]["spans"] for each in span["attributes"]]
    assert told == ["service.name", "service.name", "exception.message", "exception.type"]
    values = shop.get(
        "/api/v2/search/tag/resource.service.name/values", q="{nestedSetParent<0 && true && status=error}"
    )
    assert values["tagValues"] == [{"type": "string", "value": "frontend"}]
    values = shop.get("/api/v2/search/tag/event.exception.type/values", q="{nestedSetParent<0 || true}")
    assert values["tagValues"] == [{"type": "string", "value": "E"}]
    values = shop.get("/api/v2/search/tag/name/values", q="{childCount > 0 && kind = client} | rate()")
    assert values["tagValues"] == [{"type": "string", "value": "SELECT"}]
