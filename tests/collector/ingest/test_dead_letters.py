"""What the store does not take stays to be looked at, within a limit."""

import os
from pathlib import Path

from collector.ingest.dead_letters import DeadLetters


def test_the_oldest_make_room_and_are_counted(tmp_path: Path) -> None:
    aside = DeadLetters(tmp_path / "aside", 100)
    dropped = []
    for number in range(6):
        path, gone = aside.put(f"{number}", bytes([number]) * 30)
        os.utime(path, ns=(number, number))
        dropped.append(gone)
    assert dropped == [0, 0, 0, 1, 1, 1]
    assert {path.name: path.read_bytes()[0] for path in (tmp_path / "aside").iterdir()} == {
        "3.pb": 3,
        "4.pb": 4,
        "5.pb": 5,
    }


def test_the_same_request_put_aside_again_takes_no_more_room(tmp_path: Path) -> None:
    aside = DeadLetters(tmp_path, 100)
    for _ in range(3):
        assert aside.put("one", b"x" * 80)[1] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["one.pb"]


def test_one_larger_than_the_limit_is_kept_alone(tmp_path: Path) -> None:
    aside = DeadLetters(tmp_path, 100)
    aside.put("small", b"x")
    path, dropped = aside.put("large", b"x" * 500)
    assert (path.stat().st_size, dropped) == (500, 1)
    assert [each.name for each in tmp_path.iterdir()] == ["large.pb"]
