"""Inserts that the end of the engine cut off between its log and its part."""

from pathlib import Path

from collector.clickhouse.dedup_log_repair import forget_unfinished


def table(data: Path, parts: list[str], log: str) -> Path:
    folder = data / "store" / "abc" / "table"
    for part in parts:
        (folder / part).mkdir(parents=True)
    path = folder / "deduplication_logs" / "deduplication_log_1.txt"
    path.parent.mkdir(parents=True)
    path.write_text(log)
    return path


def test_an_entry_without_its_part_is_taken_out(tmp_path: Path) -> None:
    there, merged, gone, other = (
        "1\t20261121_1_1_0\ttoken1\n",
        "1\t20261121_3_3_0\ttoken2\n",
        "1\t20261121_9_9_0\ttoken3\n",
        "1\t20261122_1_1_0\ttoken4\n",
    )
    parts = ["20261121_1_1_0", "20261121_2_7_1", "tmp_insert_20261121_9_9_0", "detached"]
    log = table(tmp_path, parts, there + merged + gone + other)
    assert forget_unfinished(tmp_path) == 2
    assert log.read_text() == there + merged
    assert forget_unfinished(tmp_path) == 0


def test_what_it_does_not_know_it_leaves(tmp_path: Path) -> None:
    text = "something else\n1\tno part\ttoken\n"
    log = table(tmp_path, [], text)
    assert forget_unfinished(tmp_path) == 0
    assert log.read_text() == text
    assert forget_unfinished(tmp_path / "none") == 0
