import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from collector.ingest.spool import Spool, SpoolError, SpoolFullError
from proxy.contract.failure import ConfigError
from tests.collector.running import ROOT
from tests.support.extent import sized

LIMIT = 1 << 20
RECORDS = st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=200)), min_size=1, max_size=5)


def contents(spool: Spool) -> list[tuple[int, bytes]]:
    spool.seal()
    return [record for segment in spool.sealed() for record in spool.read(segment)]


def files(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.seg"))


class Log(RuleBasedStateMachine):
    """The spool beside a list of lists, through restarts and a clock that jumps."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.now = 1_700_000_000_000_000_000
        self.kept: dict[str, list[tuple[int, bytes]]] = {}
        self.open: list[tuple[int, bytes]] = []
        self.ids: list[str] = []
        self.spool = self.opened()

    def opened(self) -> Spool:
        return Spool(self.directory, 6000, 1000, clock=lambda: self.now)

    def note(self) -> None:
        """Learn the ids of segments that were sealed since."""
        new = [name for name in self.spool.sealed() if name not in self.kept]
        assert len(new) <= 1
        for name in new:
            assert name not in self.ids
            self.ids.append(name)
            self.kept[name], self.open = self.open, []

    @rule(records=RECORDS)
    def append(self, records: list[tuple[int, bytes]]) -> None:
        before = self.spool.size
        try:
            self.spool.append(records)
        except SpoolFullError:
            assert before + sum(len(payload) + 9 for _, payload in records) + 8 > 6000
            assert self.spool.size == before
            return
        self.open = self.open + records
        self.note()

    @rule()
    def seal(self) -> None:
        self.spool.seal()
        self.note()

    @rule()
    def sync(self) -> None:
        self.spool.sync()

    @rule(seconds=st.integers(-3600, 3600))
    def wait(self, seconds: int) -> None:
        self.now += seconds * 1_000_000_000

    @rule()
    def restart(self) -> None:
        self.spool.close()
        self.spool = self.opened()
        self.note()

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.kept)))
        self.spool.remove(name)
        del self.kept[name]

    @invariant()
    def same(self) -> None:
        assert self.spool.sealed() == sorted(self.kept)
        assert {name: list(self.spool.read(name)) for name in self.kept} == self.kept
        on_disk = files(self.directory)
        assert self.spool.size == sum(path.stat().st_size for path in on_disk) <= 6000
        assert self.spool.segments == len(on_disk)
        assert (self.spool.oldest is None) == (not on_disk)
        assert self.spool.damaged == 0

    def teardown(self) -> None:
        self.spool.close()
        shutil.rmtree(self.directory)


TestLog = Log.TestCase
TestLog.settings = settings(max_examples=sized(60, 20), stateful_step_count=25)


@given(RECORDS, st.data())
@settings(max_examples=sized(150, 40))
def test_a_torn_tail_is_cut_off(records: list[tuple[int, bytes]], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        spool = Spool(Path(name), LIMIT)
        spool.append(records)
        spool.close()
        (path,) = files(Path(name))
        cut = data.draw(st.integers(0, path.stat().st_size))
        os.truncate(path, cut)
        again = Spool(Path(name), LIMIT)
        kept = contents(again)
        assert kept == records[: len(kept)]
        whole = 8 + sum(9 + len(payload) for _, payload in records[: len(kept)])
        assert again.size == (whole if kept else 0) <= cut
        assert again.damaged == 0
        again.append([(1, b"after")])
        assert contents(again) == [*kept, (1, b"after")]
        again.close()


@given(RECORDS, st.data())
@settings(max_examples=sized(150, 40))
def test_a_flipped_bit_ends_its_segment_and_is_counted(
    records: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as name:
        spool = Spool(Path(name), LIMIT)
        spool.append(records)
        spool.seal()
        spool.append([(2, b"the next segment")])
        spool.close()
        path = files(Path(name))[0]
        content = bytearray(path.read_bytes())
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] ^= 1 << data.draw(st.integers(0, 7))
        path.write_bytes(content)
        again = Spool(Path(name), LIMIT)
        first, second = again.sealed()
        kept = list(again.read(first))
        assert kept == records[: len(kept)]
        assert 8 + sum(9 + len(payload) for _, payload in kept) <= max(at, 8)
        assert list(again.read(first)) == kept
        assert list(again.read(second)) == [(2, b"the next segment")]
        assert again.damaged == 1
        assert 0 < again.lost < len(content)
        again.close()


def test_a_wrong_record_in_the_newest_segment_is_kept_to_be_reported(tmp_path: Path) -> None:
    spool = Spool(tmp_path, LIMIT)
    spool.append([(1, b"good"), (1, b"wrong"), (1, b"behind")])
    spool.close()
    (path,) = files(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"wrong", b"wrung"))
    again = Spool(tmp_path, LIMIT)
    assert contents(again) == [(1, b"good")]
    assert (again.damaged, again.lost) == (1, 9 + 5 + 9 + 6)


def test_full_by_the_limit(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1000)
    spool.append([(1, bytes(900))])
    with pytest.raises(SpoolFullError, match="limit is 1000"):
        spool.append([(1, bytes(200))])
    spool.append([(1, b"small")])
    spool.seal()
    spool.remove(spool.sealed()[0])
    spool.append([(1, bytes(900))])
    assert contents(spool) == [(1, bytes(900))]


@pytest.mark.parametrize(
    ("number", "failure"),
    [(errno.ENOSPC, SpoolFullError), (errno.EDQUOT, SpoolFullError), (errno.EIO, SpoolError)],
)
def test_a_failed_write_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, failure: type[SpoolError]
) -> None:
    """The disk takes a part of the write and then no more, as a full one does."""
    real, calls = os.write, 0

    def write(file: int, data: bytes) -> int:
        nonlocal calls
        calls += 1
        if calls % 2:
            return real(file, data[: len(data) // 2])
        raise OSError(number, os.strerror(number))

    spool = Spool(tmp_path, LIMIT)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        with pytest.raises(failure):
            spool.append([(1, b"no segment yet")])
    assert files(tmp_path) == []
    spool.append([(1, b"first")])
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        with pytest.raises(failure, match=os.strerror(number)):
            spool.append([(1, b"second")])
    spool.append([(1, b"third")])
    assert contents(spool) == [(1, b"first"), (1, b"third")]
    assert spool.size == sum(path.stat().st_size for path in files(tmp_path))


def test_what_cannot_be_undone_is_never_appended_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write

    def write(file: int, data: bytes) -> int:
        if len(data) < 5:
            raise OSError(errno.EIO, "gone")
        return real(file, data[: len(data) - 4])

    def truncate(file: int, size: int) -> None:
        raise OSError(errno.EIO, "gone")

    spool = Spool(tmp_path, LIMIT)
    spool.append([(1, b"first")])
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        patch.setattr(os, "ftruncate", truncate)
        with pytest.raises(SpoolError):
            spool.append([(1, b"second")])
    spool.append([(1, b"third")])
    assert contents(spool) == [(1, b"first"), (1, b"third")]


def test_a_failed_sync_is_owed_still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []

    def fail(file: int) -> None:
        raise OSError(errno.EIO, "gone")

    def note(file: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{file}"))

    spool = Spool(tmp_path, LIMIT)
    spool.append([(1, b"first")])
    spool.seal()
    spool.append([(1, b"second")])
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fail)
        with pytest.raises(SpoolError, match="gone"):
            spool.sync()
    monkeypatch.setattr(os, "fdatasync", note)
    monkeypatch.setattr(os, "fsync", note)
    spool.sync()
    spool.sync()
    assert synced == [*map(str, files(tmp_path)), str(tmp_path)]


def test_one_owner_at_a_time(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", LIMIT)
    with pytest.raises(ConfigError, match="in use by another collector; stop that one"):
        Spool(tmp_path / "spool", LIMIT)
    spool.close()
    Spool(tmp_path / "spool", LIMIT).close()


def test_a_directory_that_cannot_be_used(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("")
    with pytest.raises(ConfigError, match="choose another one"):
        Spool(place, LIMIT)


def test_a_segment_that_is_gone(tmp_path: Path) -> None:
    spool = Spool(tmp_path, LIMIT)
    spool.append([(1, b"first")])
    spool.seal()
    files(tmp_path)[0].unlink()
    with pytest.raises(SpoolError, match="No such file"):
        list(spool.read(spool.sealed()[0]))
    spool.sync()
    spool.remove(spool.sealed()[0])
    assert spool.size == 0


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.seg").write_text("mine")
    spool = Spool(tmp_path, LIMIT)
    assert spool.sealed() == []
    assert (tmp_path / "notes.seg").read_text() == "mine"


WRITER = """
import sys
from pathlib import Path
from collector.ingest.spool import Spool
from tests.collector.ingest.test_spool import numbered
spool = Spool(Path(sys.argv[1]), 1 << 30, 300_000)
number = int(sys.argv[2])
while True:
    spool.append([numbered(number)])
    sys.stdout.buffer.write(b".")
    sys.stdout.buffer.flush()
    number += 1
"""


def numbered(number: int) -> tuple[int, bytes]:
    """A record of its own for each number, up to 32 kB."""
    return number % 256, number.to_bytes(8, "little") * (1 + number * 7919 % 4000)


def test_killed_at_any_moment_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    count = 0
    for attempt in range(sized(12, 4)):
        acknowledged = count + _killed(tmp_path, count, 0.004 * attempt * sized(1, 3))
        assert acknowledged > count, "the writer ended before its first append"
        spool = Spool(tmp_path, 1 << 30)
        records = [record for segment in spool.sealed() for record in spool.read(segment)]
        assert spool.damaged == 0
        spool.close()
        assert acknowledged <= len(records) <= acknowledged + 1
        count = len(records)
        assert records == [numbered(number) for number in range(count)]


def _killed(directory: Path, start: int, after: float) -> int:
    """How many appends a writer had acknowledged when it was killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(directory), str(start)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    with process.stdout as replies:
        first = replies.read(1)
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        acknowledged = first + replies.read()
    process.wait()
    return len(acknowledged)
