"""Sidecars by their streams."""

from dataclasses import replace

import pytest

from proxy.contract.model import Node, NodeState
from proxy.contract.service_id import ServiceId
from topology.registry.streams import Streams, locate

B1 = Node(ServiceId("b"), "b1", "10.0.0.1:15006")


@pytest.mark.parametrize(
    ("given", "peer", "expected"),
    [
        (("0.0.0.0:1", "0.0.0.0:2"), "10.0.0.9", ("10.0.0.9:1", "10.0.0.9:2")),
        (("[::]:1", ""), "fd00::1", ("[fd00::1]:1", "")),
        (("10.0.0.1:1", "127.0.0.1:2"), "10.0.0.9", ("10.0.0.1:1", "")),
        (("127.0.0.1:1", "127.0.0.1:2"), "127.0.0.1", ("127.0.0.1:1", "127.0.0.1:2")),
        (("localhost:1", "localhost:2"), "127.0.0.1", ("127.0.0.1:1", "127.0.0.1:2")),
        (("host.local:1", ""), "10.0.0.9", ("host.local:1", "")),
        (("", ""), "10.0.0.9", ("", "")),
    ],
)
def test_addresses_become_ones_others_can_use(
    given: tuple[str, str], peer: str, expected: tuple[str, str]
) -> None:
    node = locate(Node(ServiceId("s"), "i", *given), peer)
    assert (node.address, node.app) == expected


def test_a_later_stream_of_an_instance_or_an_address_replaces_the_former() -> None:
    streams = Streams(10)
    streams.put("1", B1)
    streams.put("2", replace(B1, address="10.0.0.2:15006"))
    streams.put("3", replace(B1, instance="b2", address="10.0.0.2:15006"))
    streams.put("4", replace(B1, service=ServiceId("c")))
    assert [streams.node(key) for key in ("1", "2")] == [None, None]
    assert [streams.instances(ServiceId(service)) for service in ("b", "c")] == [["b2"], ["b1"]]


def test_a_stream_that_ended_is_overdue_after_the_grace_period() -> None:
    streams = Streams(10)
    streams.put("1", B1)
    assert streams.end("1", 100) == B1
    assert [streams.overdue(now) for now in (109.9, 110)] == [[], ["1"]]
    assert streams.drop("1") == B1
    assert list(streams.services()) == []


def test_who_said_it_was_leaving_or_only_sends_needs_no_grace() -> None:
    streams = Streams(10)
    streams.put("1", replace(B1, state=NodeState.DRAINING))
    streams.put("2", Node(ServiceId("cron"), "c1"))
    assert sorted(streams.services()) == ["b", "cron"]
    assert streams.members(ServiceId("cron")) == ()
    streams.end("1", 1)
    streams.end("2", 1)
    assert streams.end("3", 1) is None
    assert list(streams.services()) == []
