"""A directory that one process at a time may use, by an advisory lock on a file in it."""

import fcntl
import os
from pathlib import Path


def lock_directory(directory: Path, name: str) -> int:
    """Create a directory where it is missing, lock the file ``name`` in it and return the open file.

    Closing the file releases the lock. So does the end of the process, however it ends: no stale lock is
    ever left to be removed by hand, as a file holding a process id would be. Raises BlockingIOError while
    another process holds the lock and OSError when the directory cannot be created or written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    file = os.open(directory / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        raise
    return file
