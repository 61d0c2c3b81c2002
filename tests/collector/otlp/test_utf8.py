"""Texts that are no UTF-8, in messages that are otherwise right or wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.otlp.utf8 import repair
from tests.collector.made import label, span, trace_request


def test_only_the_bad_bytes_are_replaced() -> None:
    one = span(name="cut@")
    label(one.attributes, {"k@": "v", "number": 1.5, "flag": True, "int": -1})
    one.attributes.add(key="b").value.bytes_value = b"\xff@"
    body = trace_request([one]).SerializeToString()
    bad = body.replace(b"cut@", b"cut\xc3").replace(b"k@", b"k\xff")
    [mended] = (
        ExportTraceServiceRequest.FromString(repair(ExportTraceServiceRequest, bad))
        .resource_spans[0]
        .scope_spans[0]
        .spans
    )
    assert (mended.name, mended.attributes[0].key) == ("cut\ufffd", "k\ufffd")
    assert mended.attributes[4].value.bytes_value == b"\xff@"
    assert mended.start_time_unix_nano == one.start_time_unix_nano


def test_a_good_message_stays_as_it_is() -> None:
    body = trace_request([span(), span()]).SerializeToString()
    assert repair(ExportTraceServiceRequest, body) == body


@given(st.binary(max_size=60))
def test_any_bytes_are_mended_or_refused(body: bytes) -> None:
    try:
        repair(ExportTraceServiceRequest, body)
    except ValueError:
        with pytest.raises(ValueError):  # noqa: PT011
            repair(ExportTraceServiceRequest, body)
