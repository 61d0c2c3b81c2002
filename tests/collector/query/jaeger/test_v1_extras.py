"""Jaeger's span metrics, file conversion and archive, over real HTTP on the real store."""

import json

from tests.collector.query.world import ONE, World

A, B = "a" * 16, "b" * 16


def test_a_file_larger_than_other_bodies_may_be_is_taken(world: World) -> None:
    spans = [{"traceId": ONE, "spanId": f"{index + 1:016x}", "name": "n" * 100} for index in range(3000)]
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()
    status, text = world.ask("POST", "/api/transform", {}, body)
    assert (status, len(json.loads(text)["data"][0]["spans"])) == (200, 3000)


def test_the_archive_answers_as_jaeger_does_without_one(world: World) -> None:
    assert world.refused(f"/api/archive/{ONE}", "POST") == (500, "archive span storage was not configured")


def test_what_jaeger_is_asked_for_and_this_has_not_is_not_found(world: World) -> None:
    for path in ("/api/quality-metrics", "/api/metrics/minstep", "/api/deep-dependencies"):
        assert world.refused(path)[0] == 404
