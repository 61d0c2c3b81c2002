"""The list of tracestate: validity, order, members that stay, and the bound."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.telemetry.trace_state import MAX_LENGTH, read_state

LONG = b"z" * 256
FULL = b",".join(b"k%d=v" % number for number in range(32))


@pytest.mark.parametrize(
    "value",
    [
        b"foo=1",
        b"foo=1,bar=2",
        b"0a-_*/=1",
        b"tenant@sys=1",
        b"foo=a b;c:d",
        LONG + b"=1",
        b"t" * 241 + b"@" + b"s" * 14 + b"=1",
        b"foo=" + b"v" * 256,
        FULL,
    ],
)
def test_a_valid_list_is_passed_on_as_it_is(value: bytes) -> None:
    assert read_state(value) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b" foo=1 ,\tbar=2 ", b"foo=1,bar=2"),
        (b",foo=1,,bar=2,", b"foo=1,bar=2"),
        (b"foo= 1", b"foo= 1"),
        (b"foo=1,foo=2,bar=3", b"foo=1,bar=3"),
        (b" , ", b""),
    ],
)
def test_spaces_empty_members_and_repeated_keys(value: bytes, expected: bytes) -> None:
    assert read_state(value) == expected


@pytest.mark.parametrize(
    "member",
    [
        b"foo",
        b"=1",
        b"foo=",
        b"foo =1",
        b"FOO=1",
        b"foo.bar=1",
        b"foo@=1",
        b"@foo=1",
        b"foo@@bar=1",
        b"foo@bar@baz=1",
        b"-foo=1",
        LONG + b"z=1",
        b"t" * 242 + b"@s=1",
        b"t@" + b"s" * 15 + b"=1",
        b"foo=1=2",
        b"foo=a\tb",
        b"foo=\xff",
        b"f\xc3\xa9=1",
        b"foo=" + b"v" * 257,
    ],
)
def test_a_malformed_member_ends_the_list_but_for_the_sampling_threshold(member: bytes) -> None:
    assert read_state(member + b",bar=2") == b""
    assert read_state(b"bar=2," + member) == b""
    assert read_state(b"bar=2," + member + b",ot=th:8") == b"ot=th:8"


def test_more_than_32_members_are_no_list() -> None:
    assert read_state(FULL + b",more=1") == b""
    assert read_state(FULL + b",ot=th:8") == b"ot=th:8"


def test_a_long_list_loses_whole_members_from_its_end_and_never_the_threshold() -> None:
    members = [b"k%02d=%s" % (number, b"v" * 60) for number in range(10)]
    assert read_state(b",".join(members)) == b",".join(members[:7])
    assert read_state(b",".join([*members, b"ot=th:8"])) == b",".join([*members[:7], b"ot=th:8"])
    assert read_state(b"a=%s,b=%s,c=1" % (b"v" * 256, b"v" * 256)) == b"a=" + b"v" * 256


@given(st.binary(max_size=700) | st.from_regex(rb"([a-z@,= \xff]{0,9},?){0,40}", fullmatch=True))
def test_any_bytes_give_a_valid_list(value: bytes) -> None:
    state = read_state(value)
    assert len(state) <= MAX_LENGTH
    assert re.fullmatch(rb"[\x20-\x7e]*", state)
    assert read_state(state) == state


def test_what_is_not_a_list_costs_no_more_than_its_length() -> None:
    # A match that backtracks over the whole text for each start would not end.
    assert read_state(b"a" * 500_000) == b""
    assert read_state(b"a=" + b" " * 500_000) == b""
