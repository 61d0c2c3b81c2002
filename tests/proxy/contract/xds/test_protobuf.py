"""Messages from bytes, and durations both ways."""

import pytest
from google.protobuf.duration_pb2 import Duration

from proxy.contract.xds import messages_pb2 as pb
from proxy.contract.xds.protobuf import BadResourceError, parse, read_seconds, set_duration


def test_bytes_that_are_no_message_are_refused_by_its_name() -> None:
    assert parse(pb.Cluster(), b"").name == ""
    with pytest.raises(BadResourceError, match="Cluster does not parse"):
        parse(pb.Cluster(), b"\xff\xff\xff")


@pytest.mark.parametrize("seconds", [0.0, 0.25, 1.5, 86400.0])
def test_a_duration_is_read_as_it_was_set(seconds: float) -> None:
    action = pb.RouteAction()
    set_duration(action.timeout, seconds)
    assert action.HasField("timeout")
    assert read_seconds("b", action.timeout) == seconds


@pytest.mark.parametrize("seconds", [-1, 86401])
def test_a_duration_out_of_bounds_is_refused(seconds: int) -> None:
    with pytest.raises(BadResourceError, match=f"b: a duration of {seconds} s"):
        read_seconds("b", Duration(seconds=seconds))
