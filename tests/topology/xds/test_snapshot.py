"""The mesh as sidecars see it."""

import pytest

from proxy.contract.model import EndpointState, Service
from proxy.contract.service_id import ServiceId
from proxy.contract.xds.inbound import InboundPolicy
from topology.registry.sources import Member
from topology.xds.snapshot import Snapshot, advance, split_shares

B = ServiceId("b")


def members(*versions: str) -> list[Member]:
    return [Member(B, f"10.0.0.{number}:80", version=version) for number, version in enumerate(versions)]


def test_the_version_moves_with_the_content() -> None:
    empty = Snapshot()
    first = advance(empty, {})
    assert (empty.version, first.version) == (0, 1)
    assert advance(first, {}) is first
    second = advance(first, {B: Service(B)})
    assert second.version == 2
    assert advance(second, {B: Service(B)}) is second
    third = advance(second, {B: Service(B)}, {B: InboundPolicy("b")})
    assert (third.version, third.inbound) == (3, {"b": InboundPolicy("b")})
    assert advance(third, {B: Service(B)}, {B: InboundPolicy("b")}) is third


@pytest.mark.parametrize(
    ("versions", "split", "shares"),
    [
        (["v1", "v2"], {}, {}),
        (["v1", "v2"], {"v3": 10}, {}),
        (["v1", "v2"], {"v1": 90, "v2": 10}, {"v1": 1.8, "v2": 0.2}),
        (["v1", "v1", "v1", "v2"], {"v1": 50, "v2": 50}, {"v1": 2 / 3, "v2": 2.0}),
        (["v1", "v2"], {"v1": 100, "v2": 0}, {"v1": 2.0, "v2": 0.0}),
        (["v1", "v2"], {"v1": 1, "v3": 9}, {"v1": 2.0}),
    ],
)
def test_a_split_by_version_is_a_factor_on_weights(
    versions: list[str], split: dict[str, int], shares: dict[str, float]
) -> None:
    assert split_shares(members(*versions), split) == pytest.approx(shares)


def test_only_available_endpoints_count_in_a_split() -> None:
    leaving = Member(B, "10.0.0.9:80", EndpointState.DRAINING, version="v2")
    assert split_shares([*members("v1"), leaving], {"v1": 1, "v2": 1}) == {"v1": 1.0}
