"""Counters in Prometheus text."""

import pytest

from collector.stats import Stats


def test_counts_add_up_by_label() -> None:
    stats = Stats()
    stats.count("spanmesh_refused_total", 2, signal="traces", reason="trace_id")
    stats.count("spanmesh_refused_total", signal="traces", reason="trace_id")
    stats.count("spanmesh_refused_total", signal="metrics", reason="time_past")
    assert stats.value("spanmesh_refused_total") == 4
    assert stats.value("spanmesh_refused_total", signal="traces") == 3
    assert 'spanmesh_refused_total{reason="trace_id",signal="traces"} 3\n' in stats.render()


def test_labels_are_escaped_and_every_family_is_described() -> None:
    stats = Stats()
    stats.count("spanmesh_tick_errors_total", why='a"b\\c\nd')
    stats.add_gauge("spanmesh_pending_bytes", lambda: 7)
    text = stats.render()
    assert 'spanmesh_tick_errors_total{why="a\\"b\\\\c\\nd"} 1\n' in text
    assert "# TYPE spanmesh_pending_bytes gauge\nspanmesh_pending_bytes 7\n" in text
    for line in text.splitlines():
        family = line.split()[2] if line.startswith("#") else line.split("{")[0].split()[0]
        assert f"# HELP {family} " in text


def test_unknown_names_are_mistakes() -> None:
    with pytest.raises(KeyError):
        Stats().count("spanmesh_other_total")
    with pytest.raises(KeyError):
        Stats().add_gauge("spanmesh_other", lambda: 0)
