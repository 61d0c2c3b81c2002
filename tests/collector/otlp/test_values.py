"""Attributes as text and the checks on ids and times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from collector.otlp.stored_values import text
from collector.otlp.values import (
    Limits,
    RefusalError,
    attributes,
    check_time,
    parent_id,
    span_id,
    trace_id,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (AnyValue(), ""),
        (AnyValue(string_value=""), ""),
        (AnyValue(string_value="a"), "a"),
        (AnyValue(int_value=-7), "-7"),
        (AnyValue(bool_value=False), "false"),
        (AnyValue(bool_value=True), "true"),
        (AnyValue(double_value=0.5), "0.5"),
        (AnyValue(bytes_value=b"\x00\xff"), "AP8="),
    ],
)
def test_scalars_become_text(value: AnyValue, expected: str) -> None:
    assert text(value) == expected


def test_lists_and_maps_become_json() -> None:
    value = AnyValue()
    value.kvlist_value.values.add(key="n").value.int_value = 1
    inner = value.kvlist_value.values.add(key="l").value.array_value
    inner.values.add(string_value="ü")
    inner.values.add(bool_value=True)
    assert text(value) == '{"n":1,"l":["ü",true]}'


def test_attributes_keep_the_last_of_a_key() -> None:
    pairs = [
        KeyValue(key="k", value=AnyValue(string_value="1")),
        KeyValue(key="k", value=AnyValue(string_value="2")),
    ]
    assert attributes(pairs, Limits()) == {"k": "2"}


def test_a_value_past_the_limit_is_refused_by_name() -> None:
    pairs = [KeyValue(key="big", value=AnyValue(string_value="x" * 11))]
    with pytest.raises(RefusalError, match="'big' has 11 characters") as refused:
        attributes(pairs, Limits(length=10))
    assert refused.value.reason == "attribute_length"


def test_too_many_attributes_are_refused() -> None:
    pairs = [KeyValue(key=str(i)) for i in range(4)]
    with pytest.raises(RefusalError, match="4 attributes"):
        attributes(pairs, Limits(attributes=3))


@given(st.binary(max_size=40))
def test_ids_are_taken_only_at_their_length(value: bytes) -> None:
    for check, size in ((trace_id, 16), (span_id, 8)):
        if len(value) == size and any(value):
            assert bytes.fromhex(check(value)) == value
        else:
            with pytest.raises(RefusalError):
                check(value)
    if not any(value) and len(value) in (0, 8):
        assert parent_id(value) == ""
    elif len(value) == 8:
        assert bytes.fromhex(parent_id(value)) == value
    else:
        with pytest.raises(RefusalError, match="parent_span_id must be 8 bytes"):
            parent_id(value)


def test_the_message_says_what_was_expected_and_what_came() -> None:
    with pytest.raises(RefusalError, match="trace_id must be 16 bytes, got 7"):
        trace_id(b"1234567")
    with pytest.raises(RefusalError, match="span_id must not be all zeros"):
        span_id(bytes(8))


@pytest.mark.parametrize(("value", "reason"), [(0, "time_missing"), (9, "time_past"), (101, "time_future")])
def test_times_the_store_cannot_keep_are_refused(value: int, reason: str) -> None:
    limits = Limits(oldest=10, newest=100)
    check_time("t", 10, limits)
    check_time("t", 100, limits)
    with pytest.raises(RefusalError) as refused:
        check_time("t", value, limits)
    assert refused.value.reason == reason
