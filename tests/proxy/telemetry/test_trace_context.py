"""Trace context: round trips, what is ignored, and consistent sampling."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.telemetry.trace_context import (
    RANDOM,
    SAMPLED,
    Sampler,
    Tracer,
    parse_b3,
    parse_traceparent,
)

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


def bits(size: int) -> int:
    return random.getrandbits(size)


def tracer(share: float = 1.0) -> Tracer:
    return Tracer(Sampler.of(share), bits)


def ids(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size).filter(any)


@given(ids(16), ids(8), st.integers(0, 3))
def test_what_is_written_is_read_back(trace: bytes, parent: bytes, flags: int) -> None:
    incoming = f"00-{trace.hex()}-{parent.hex()}-{flags:02x}".encode()
    context = tracer().start(incoming, b"vendor=1")
    assert (context.trace_id, context.parent_id, context.flags) == (trace, parent, flags)
    out = dict(context.fields())
    assert parse_traceparent(out[b"traceparent"]) == (trace, context.span_id, flags)
    assert out[b"tracestate"] == b"vendor=1"


@pytest.mark.parametrize(
    "value",
    [
        f"00-{TRACE}-{PARENT}-01-extra",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE[:-1]}-{PARENT}-01",
        f"00-{TRACE[:-1]}g-{PARENT}-01",
        f"00_{TRACE}_{PARENT}_01",
        f"zz-{TRACE}-{PARENT}-01",
        "",
        "00",
        f"01-{TRACE}-{PARENT}-01x",
    ],
)
def test_a_malformed_traceparent_is_ignored(value: str) -> None:
    assert parse_traceparent(value.encode()) is None
    assert tracer().start(value.encode()).parent_id == b""


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    parsed = parse_traceparent(f"01-{TRACE}-{PARENT}-09-what-comes".encode())
    assert parsed == (bytes.fromhex(TRACE), bytes.fromhex(PARENT), SAMPLED)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_traceparent_or_not(value: bytes) -> None:
    parse_traceparent(value)
    parse_b3({b"b3": value})
    parse_b3({b"x-b3-traceid": value, b"x-b3-spanid": value, b"x-b3-sampled": value})


def test_the_parent_decides() -> None:
    unsampled = f"00-{TRACE}-{PARENT}-00".encode()
    assert not tracer().start(unsampled).sampled
    assert tracer(0.0).start(f"00-{TRACE}-{PARENT}-01".encode()).sampled


@pytest.mark.parametrize(
    ("given_fields", "expected"),
    [
        ({b"b3": f"{TRACE}-{PARENT}-1".encode()}, (TRACE, PARENT, True)),
        ({b"b3": f"{TRACE}-{PARENT}-d-{PARENT}".encode()}, (TRACE, PARENT, True)),
        ({b"b3": f"{TRACE}-{PARENT}".encode()}, (TRACE, PARENT, None)),
        ({b"b3": b"0"}, ("", "", False)),
        (
            {b"x-b3-traceid": TRACE[16:].encode(), b"x-b3-spanid": PARENT.encode(), b"x-b3-sampled": b"0"},
            ("0" * 16 + TRACE[16:], PARENT, False),
        ),
        (
            {b"x-b3-traceid": TRACE.encode(), b"x-b3-spanid": PARENT.encode(), b"x-b3-flags": b"1"},
            (TRACE, PARENT, True),
        ),
        ({b"x-b3-traceid": b"zz", b"x-b3-spanid": PARENT.encode()}, ("", "", None)),
    ],
)
def test_b3_single_and_multi(
    given_fields: dict[bytes, bytes], expected: tuple[str, str, bool | None]
) -> None:
    trace, parent, decision = parse_b3(given_fields)
    assert (trace.hex(), parent.hex(), decision) == expected


def test_b3_continues_a_trace_and_traceparent_comes_first() -> None:
    b3 = {b"b3": f"{TRACE}-{PARENT}-1".encode()}
    context = tracer().start(b3=b3)
    assert (context.trace_id.hex(), context.parent_id.hex(), context.sampled) == (TRACE, PARENT, True)
    other = TRACE.replace("4", "5")
    assert tracer().start(f"00-{other}-{PARENT}-01".encode(), b"", b3).trace_id.hex() == other


def test_a_root_says_what_its_count_stands_for() -> None:
    root = tracer().start()
    assert (root.flags, root.state, root.parent_id) == (SAMPLED | RANDOM, b"ot=th:0", b"")
    assert Sampler.of(0.5).state == b"ot=th:8"
    assert Sampler.of(0.25).state == b"ot=th:c"
    dropped = tracer(0.0).start()
    assert (dropped.flags, dropped.state) == (RANDOM, b"")


@given(st.binary(min_size=16, max_size=16), st.floats(0, 1), st.floats(0, 1))
def test_a_trace_kept_at_a_lower_share_is_kept_at_a_higher_one(trace: bytes, a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert not Sampler.of(low).keeps(trace) or Sampler.of(high).keeps(trace)


def test_the_share_kept_is_the_share_asked_for() -> None:
    source = random.Random(1)
    tracing = Tracer(Sampler.of(0.25), source.getrandbits)
    kept = sum(tracing.start().sampled for _ in range(8000))
    assert 1800 < kept < 2200


def test_a_further_try_has_the_same_parent_and_a_new_span() -> None:
    first = tracer().start(f"00-{TRACE}-{PARENT}-01".encode())
    second = tracer().sibling(first)
    assert (second.trace_id, second.parent_id) == (first.trace_id, first.parent_id)
    assert second.span_id != first.span_id
