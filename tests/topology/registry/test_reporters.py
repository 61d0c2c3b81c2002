"""The sidecars whose reports are believed."""

from proxy.contract.service_id import ServiceId
from topology.registry.reporters import Reporters

B = ServiceId("b")
CRON = ServiceId("cron")


def test_only_instances_that_hold_a_stream_are_known() -> None:
    reporters = Reporters()
    reporters.set(B, ["b1"], [["b2"], ["b3"]])
    assert [reporters.knows(B, name) for name in ("b1", "b2", "b3", "b4", "")] == [True] * 3 + [False] * 2
    assert not reporters.knows(ServiceId("c"), "b1")
    reporters.set(B, [], [])
    assert not reporters.knows(B, "b1")


def test_any_instance_is_known_where_a_collector_names_none() -> None:
    reporters = Reporters()
    reporters.set(CRON, ["c1"], [[]])
    assert reporters.knows(CRON, "any")
    reporters.set(CRON, ["c1"], [])
    assert not reporters.knows(CRON, "any")
