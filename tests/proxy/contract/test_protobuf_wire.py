from google.protobuf.struct_pb2 import Value
from google.protobuf.wrappers_pb2 import BytesValue, UInt64Value
from hypothesis import given
from hypothesis import strategies as st

from proxy.contract.protobuf_wire import SHORT_VARINTS, len_field, parse_varint, varint

NUMBERS = st.integers(0, 2**64 - 1) | st.integers(0, 70).map(lambda power: min(2**power, 2**64 - 1))


@given(NUMBERS)
def test_varints_are_those_of_protobuf(number: int) -> None:
    # Field 1 of wire type VARINT has the tag 8; protobuf leaves a zero out.
    assert UInt64Value.FromString(b"\x08" + varint(number)).value == number
    assert b"\x08" + varint(number) == (UInt64Value(value=number).SerializeToString() or b"\x08\x00")


@given(NUMBERS)
def test_a_varint_is_read_back(number: int) -> None:
    assert parse_varint(varint(number)) == number


def test_the_table_ends_where_a_third_byte_begins() -> None:
    assert [len(SHORT_VARINTS[number]) for number in (0, 127, 128, 16383)] == [1, 1, 2, 2]
    assert len(SHORT_VARINTS) == 16384
    assert len(varint(16384)) == 3


@given(st.binary(max_size=20000))
def test_a_length_delimited_field_is_protobufs(payload: bytes) -> None:
    assert BytesValue.FromString(len_field(b"\x0a", payload)).value == payload


def test_a_text_is_length_delimited_too() -> None:
    assert Value.FromString(len_field(b"\x1a", "ä".encode())).string_value == "ä"
