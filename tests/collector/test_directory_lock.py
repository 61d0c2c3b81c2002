import os
import subprocess
import sys
from pathlib import Path

import pytest

from collector.directory_lock import lock_directory
from tests.collector.running import ROOT

HOLDER = """
import sys
from pathlib import Path
from collector.directory_lock import lock_directory
lock_directory(Path(sys.argv[1]), "lock")
print("held", flush=True)
sys.stdin.read()
"""


def test_a_directory_is_created_and_has_one_owner_until_the_file_is_closed(tmp_path: Path) -> None:
    file = lock_directory(tmp_path / "new" / "spool", "lock")
    with pytest.raises(BlockingIOError):
        lock_directory(tmp_path / "new" / "spool", "lock")
    os.close(lock_directory(tmp_path / "new" / "spool", "another"))
    os.close(file)
    os.close(lock_directory(tmp_path / "new" / "spool", "lock"))


def test_a_refused_lock_leaves_no_file_open(tmp_path: Path) -> None:
    file = lock_directory(tmp_path, "lock")
    before = os.listdir("/proc/self/fd")
    with pytest.raises(BlockingIOError):
        lock_directory(tmp_path, "lock")
    assert os.listdir("/proc/self/fd") == before
    os.close(file)


def test_a_killed_owner_leaves_no_lock(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(BlockingIOError):
            lock_directory(tmp_path, "lock")
        process.kill()
    os.close(lock_directory(tmp_path, "lock"))


def test_a_path_that_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError):
        lock_directory(tmp_path / "file", "lock")
