"""Failures in the codes of each wire, and answers that say what was left out."""

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo

from collector.ingest.admission import BusyError
from collector.ingest.spool import SpoolError, SpoolFullError
from collector.otlp.body import MalformedError
from collector.otlp.values import Refusals
from collector.receive.answer import ContentTypeError, count_request, failure, metrics_reply, trace_reply
from collector.receive.inflate import EncodingError, TooLargeError, UnknownEncodingError
from collector.stats import Stats


@pytest.mark.parametrize(
    ("error", "code", "http", "retry"),
    [
        (MalformedError("x"), grpc.StatusCode.INVALID_ARGUMENT, 400, 0),
        (EncodingError("x"), grpc.StatusCode.INVALID_ARGUMENT, 400, 0),
        (TooLargeError("x"), grpc.StatusCode.INVALID_ARGUMENT, 413, 0),
        (ContentTypeError("x"), grpc.StatusCode.INVALID_ARGUMENT, 415, 0),
        (UnknownEncodingError("x"), grpc.StatusCode.INVALID_ARGUMENT, 415, 0),
        (BusyError("x", 7), grpc.StatusCode.RESOURCE_EXHAUSTED, 429, 7),
        (SpoolFullError("x"), grpc.StatusCode.RESOURCE_EXHAUSTED, 429, 5),
        (SpoolError("x"), grpc.StatusCode.UNAVAILABLE, 503, 2),
        (RuntimeError("secret"), grpc.StatusCode.INTERNAL, 500, 0),
    ],
)
def test_errors_say_whether_to_send_again(
    error: Exception, code: grpc.StatusCode, http: int, retry: int
) -> None:
    answer = failure(error)
    assert (answer.code, answer.http, answer.retry_after) == (code, http, retry)
    status = answer.status()
    assert status.code == code.value[0]
    assert "secret" not in status.message
    assert len(status.details) == (1 if retry else 0)
    for detail in status.details:
        info = RetryInfo()
        assert detail.Unpack(info)
        assert info.retry_delay.seconds == retry


def test_requests_are_counted_by_signal_transport_and_outcome() -> None:
    stats = Stats()
    for size in (3, 4):
        count_request(stats, "traces", "http", "accepted", size)
    assert stats.value("spanmesh_received_requests_total", transport="http", outcome="accepted") == 2
    assert stats.value("spanmesh_received_bytes_total", signal="traces") == 7


def test_replies_tell_of_what_was_left_out() -> None:
    refused = Refusals()
    assert trace_reply(refused).SerializeToString() == b""
    assert metrics_reply(refused).SerializeToString() == b""
    refused.add("trace_id", "first")
    refused.add("trace_id", "second")
    assert trace_reply(refused).partial_success.rejected_spans == 2
    assert metrics_reply(refused).partial_success.rejected_data_points == 2
    assert trace_reply(refused).partial_success.error_message == "first"
