"""Trace context: round trips, what is ignored, and consistent sampling."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.telemetry import b3
from proxy.telemetry.trace_context import (
    RANDOM,
    SAMPLED,
    Sampler,
    Tracer,
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


def test_the_parent_decides() -> None:
    unsampled = f"00-{TRACE}-{PARENT}-00".encode()
    assert not tracer().start(unsampled).sampled
    assert tracer(0.0).start(f"00-{TRACE}-{PARENT}-01".encode()).sampled


def test_b3_continues_a_trace_and_traceparent_comes_first() -> None:
    b3_fields = {b"b3": f"{TRACE}-{PARENT}-1".encode()}
    context = tracer().start(b3_fields=b3_fields)
    assert (context.trace_id.hex(), context.parent_id.hex(), context.sampled) == (TRACE, PARENT, True)
    other = TRACE.replace("4", "5")
    assert tracer().start(f"00-{other}-{PARENT}-01".encode(), b"", b3_fields).trace_id.hex() == other


@pytest.mark.parametrize(
    ("given_fields", "expected"),
    [
        ({b"b3": f"{TRACE}-{PARENT}-1-{PARENT}".encode()}, {"b3": f"{TRACE}-SPAN-1-{PARENT}"}),
        ({b"b3": f"{TRACE}-{PARENT}-d".encode()}, {"b3": f"{TRACE}-SPAN-d-{PARENT}"}),
        ({b"b3": f"{TRACE[16:]}-{PARENT}-0".encode()}, {"b3": f"{TRACE[16:]}-SPAN-0-{PARENT}"}),
        (
            {b"x-b3-traceid": TRACE.encode(), b"x-b3-spanid": PARENT.encode(), b"x-b3-sampled": b"0"},
            {
                "x-b3-traceid": TRACE,
                "x-b3-spanid": "SPAN",
                "x-b3-parentspanid": PARENT,
                "x-b3-sampled": "0",
            },
        ),
        (
            {b"x-b3-traceid": TRACE.encode(), b"x-b3-spanid": PARENT.encode(), b"x-b3-flags": b"1"},
            {
                "x-b3-traceid": TRACE,
                "x-b3-spanid": "SPAN",
                "x-b3-parentspanid": PARENT,
                "x-b3-flags": "1",
            },
        ),
    ],
)
def test_b3_is_written_anew_in_the_form_in_which_it_came(
    given_fields: dict[bytes, bytes], expected: dict[str, str]
) -> None:
    context = tracer().start(b3_fields=given_fields)
    fields = {name.decode(): value.decode() for name, value in context.fields()}
    assert fields.pop("traceparent").split("-")[2] == context.span_id.hex()
    assert {n: v.replace(context.span_id.hex(), "SPAN") for n, v in fields.items()} == expected


@given(st.sampled_from([b"0", b"1", b"d", b"x", b"", b"zz-zz-1"]), st.booleans())
def test_every_form_of_b3_is_read_back_as_the_trace_that_goes_on(value: bytes, multi: bool) -> None:
    fields = {b"b3": value} | ({b"x-b3-sampled": b"1"} if multi else {})
    context = tracer(0.0).start(b3_fields=fields)
    sent = {name: value for name, value in context.fields() if b"b3" in name}
    assert b3.parse(sent) == (context.trace_id, context.span_id, context.sampled)
    assert any(name.startswith(b"x-") for name in sent) == multi


def test_b3_beside_traceparent_names_the_same_span_and_comes_without_being_there_by_option() -> None:
    given_b3 = {b"b3": f"{TRACE.replace('4', '5')}-{PARENT}-0".encode()}
    context = tracer().start(f"00-{TRACE}-{PARENT}-01".encode(), b"", given_b3)
    assert dict(context.fields())[b"b3"] == f"{TRACE}-{context.span_id.hex()}-1-{PARENT}".encode()
    assert [name for name, _ in tracer().start().fields()] == [b"traceparent", b"tracestate"]
    root = Tracer(Sampler.of(1.0), bits, always_b3=True).start()
    assert b3.parse(dict(root.fields())) == (root.trace_id, root.span_id, True)
    assert b"x-b3-parentspanid" not in dict(root.fields())


def test_a_further_try_names_its_own_span_in_b3() -> None:
    first = tracer().start(b3_fields={b"b3": f"{TRACE}-{PARENT}-1".encode()})
    second = tracer().sibling(first)
    assert second.span_id.hex().encode() in dict(second.fields())[b"b3"]


def test_a_state_that_is_no_list_keeps_the_trace() -> None:
    context = tracer().start(f"00-{TRACE}-{PARENT}-01".encode(), b"foo=\xff,ot=th:8")
    assert (context.trace_id.hex(), context.sampled, context.state) == (TRACE, True, b"ot=th:8")


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
