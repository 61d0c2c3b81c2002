"""Lists and maps found in the bytes of a request."""

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from collector.otlp.nested_attributes import may_contain
from tests.collector.made import span, trace_request


def body(*pairs: KeyValue) -> bytes:
    one = span(bytes(range(16)), span_id=bytes(range(8)))
    one.attributes.extend(pairs)
    return trace_request([one]).SerializeToString()


letters = st.characters(exclude_categories=["Cs"])
scalars = st.one_of(
    st.text(letters, max_size=300).map(lambda text: AnyValue(string_value=text)),
    st.integers(-(1 << 63), (1 << 63) - 1).map(lambda number: AnyValue(int_value=number)),
    st.booleans().map(lambda flag: AnyValue(bool_value=flag)),
    st.just(AnyValue()),
)


@given(scalars, st.integers(0, 40), st.booleans())
def test_a_list_or_a_map_of_any_size_is_found(item: AnyValue, count: int, is_map: bool) -> None:
    pair = KeyValue(key="k")
    if is_map:
        pair.value.kvlist_value.values.extend(KeyValue(key="x", value=item) for _ in range(count))
    else:
        pair.value.array_value.values.extend(item for _ in range(count))
    pair.value.SetInParent()
    held = pair.value.WhichOneof("value") is not None
    if count:
        assert held
        assert may_contain(body(pair))


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=300))
def test_plain_text_is_not_taken_for_one(text: str) -> None:
    assert not may_contain(body(KeyValue(key="k", value=AnyValue(string_value=text))))
