"""The policy for a sidecar's own inbound side to bytes and back."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.contract.xds import inbound
from proxy.contract.xds.inbound import InboundPolicy
from proxy.contract.xds.protobuf import BadResourceError


def test_what_was_encoded_is_decoded() -> None:
    policy = InboundPolicy("reviews")
    assert inbound.decode(inbound.encode(policy)) == policy


def test_a_policy_of_no_service_is_refused() -> None:
    with pytest.raises(BadResourceError, match="without a service"):
        inbound.decode(b"")


@given(st.binary(max_size=60))
def test_any_bytes_decode_or_are_refused(body: bytes) -> None:
    with contextlib.suppress(BadResourceError):
        inbound.decode(body)
