"""The sidecars whose reports are believed."""

from topology.registry.reporters import Reporters


def test_only_instances_that_hold_a_stream_are_known() -> None:
    reporters = Reporters()
    reporters.set("b", ["b1"], [["b2"], ["b3"]])
    assert [reporters.knows("b", name) for name in ("b1", "b2", "b3", "b4", "")] == [True] * 3 + [False] * 2
    assert not reporters.knows("c", "b1")
    reporters.set("b", [], [])
    assert not reporters.knows("b", "b1")


def test_any_instance_is_known_where_a_collector_names_none() -> None:
    reporters = Reporters()
    reporters.set("cron", ["c1"], [[]])
    assert reporters.knows("cron", "any")
    reporters.set("cron", ["c1"], [])
    assert not reporters.knows("cron", "any")
