"""Zipkin's B3: both forms read and written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.telemetry import b3

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


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
        ({b"x-b3-sampled": b"True"}, ("", "", True)),
        ({b"x-b3-sampled": b"FALSE"}, ("", "", False)),
        # A single field that says nothing leaves the word to the others, one that decides does not.
        *(
            (
                {b"b3": single, b"x-b3-traceid": TRACE.encode(), b"x-b3-spanid": PARENT.encode()},
                (TRACE, PARENT, None),
            )
            for single in (b"", b"zzz", b"-", b"abc-def", b"\xff\xfe")
        ),
        ({b"b3": b"0", b"x-b3-traceid": TRACE.encode(), b"x-b3-spanid": PARENT.encode()}, ("", "", False)),
    ],
)
def test_b3_single_and_multi(
    given_fields: dict[bytes, bytes], expected: tuple[str, str, bool | None]
) -> None:
    trace, parent, decision = b3.parse(given_fields)
    assert (trace.hex(), parent.hex(), decision) == expected


@given(st.binary())
def test_any_bytes_are_b3_or_not(value: bytes) -> None:
    for fields in ({b"b3": value}, {b"x-b3-traceid": value, b"x-b3-spanid": value, b"x-b3-sampled": value}):
        trace, parent, _ = b3.parse(fields)
        assert (len(trace), len(parent)) in ((0, 0), (16, 8))


@given(
    st.binary(min_size=16, max_size=16).filter(any),
    st.binary(min_size=8, max_size=8).filter(any),
    st.binary(min_size=8, max_size=8) | st.just(b""),
    st.booleans(),
    st.sampled_from([b3.SINGLE, b3.MULTI, b3.SINGLE | b3.MULTI]),
)
def test_what_is_written_is_read_back(
    trace: bytes, span: bytes, parent: bytes, sampled: bool, forms: int
) -> None:
    fields = dict(b3.render(forms, trace, span, parent, sampled))
    assert b3.parse(fields) == (trace, span, sampled)
    assert b3.forms(fields) == forms


@pytest.mark.parametrize("forms", [b3.SINGLE | b3.DEBUG, b3.MULTI | b3.DEBUG])
def test_debug_goes_on_and_implies_sampled(forms: int) -> None:
    fields = dict(b3.render(forms, bytes(15) + b"1", bytes(7) + b"2", b"", True))
    assert (b3.forms(fields), b3.parse(fields)[2]) == (forms, True)
