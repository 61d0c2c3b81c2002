"""Digests of requests that were acknowledged, through restarts."""

import random
from pathlib import Path

from collector.ingest.recent_requests import DIGEST_BYTES, RecentRequests, UnstoredRequests, digest


def test_a_request_is_known_by_its_bytes() -> None:
    assert digest(b"a") == digest(b"a") != digest(b"b")
    assert len(digest(b"")) == DIGEST_BYTES


def test_past_the_limit_the_oldest_is_forgotten(tmp_path: Path) -> None:
    seen = RecentRequests(tmp_path / "seen", limit=2)
    for body in (b"a", b"b", b"c"):
        seen.add(digest(body))
    assert [digest(body) in seen for body in (b"a", b"b", b"c")] == [False, True, True]


def test_what_was_saved_is_known_after_a_restart_and_the_file_stays_small(tmp_path: Path) -> None:
    path = tmp_path / "seen"
    keys = [random.Random(number).randbytes(DIGEST_BYTES) for number in range(100)]
    for start in range(0, 100, 7):
        RecentRequests(path, limit=10).save(keys[start : start + 7])
        assert path.stat().st_size <= 20 * DIGEST_BYTES
    again = RecentRequests(path, limit=10)
    assert [key in again for key in keys] == [False] * 90 + [True] * 10


def test_a_digest_that_was_cut_off_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "seen"
    RecentRequests(path).save([digest(b"a")])
    with path.open("ab") as file:
        file.write(b"half")
    RecentRequests(path).save([digest(b"b")])
    again = RecentRequests(path)
    assert digest(b"a") in again
    assert digest(b"b") in again


def test_a_file_that_cannot_be_read_is_as_none(tmp_path: Path) -> None:
    (tmp_path / "seen").mkdir()
    assert digest(b"a") not in RecentRequests(tmp_path / "seen")


def test_requests_that_were_not_stored_are_known_up_to_a_limit_and_once() -> None:
    unstored = UnstoredRequests(limit=2)
    for body in (b"a", b"b", b"c"):
        unstored.add(body)
    assert [unstored.discard(body) for body in (b"a", b"b", b"c", b"c")] == [False, True, True, False]
