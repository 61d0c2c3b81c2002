"""OTLP JSON files as Jaeger shows them: as stored traces, or refused with the reason."""

import json

import pytest

from tests.collector.query.jaeger.test_v1_extras import A, B
from tests.collector.query.world import NOW_US, ONE, SHORT, Span, World


def test_a_file_is_shown_as_a_stored_trace_would_be(world: World) -> None:
    world.spans(
        Span(ONE, A, at=1, attributes={"n": "5"}),
        Span(
            ONE,
            B,
            A,
            "reviews",
            at=0.999,
            status="Error",
            events=[(NOW_US * 1000, "x", {"k": "true"})],
            links=[(SHORT, A, {})],
        ),
    )
    otlp = world.get(f"/api/v3/traces/{ONE}")["result"]
    status, text = world.ask("POST", "/api/transform", {}, json.dumps(otlp).encode())
    assert status == 200
    assert json.loads(text) == world.get(f"/api/traces/{ONE}") | {"total": 1}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"no", "the body is not a JSON"),
        (b"[]", "expected an object"),
        (b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"zz"}]}]}]}', "not hexadecimal"),
        (
            b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"x"}]}]}]}',
            "a span cannot be shown: trace_id",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_a_400(world: World, body: bytes, message: str) -> None:
    status, told = world.refused("/api/transform", "POST", body)
    assert (status, message in told) == (400, True)
