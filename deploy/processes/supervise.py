"""Child processes that start, run and end together. The command starts processes nowhere else."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from proxy.contract.failure import CONFIG_EXIT, ConfigError

STOP_SECONDS = 15.0
"""Longest time between SIGTERM and SIGKILL for a child."""

RESTART_SECONDS = 1.0
"""Least time between two starts of a restarting child, so that a broken one does not spin."""

# prctl(2); Python has no name for it.
_PR_SET_PDEATHSIG = 1


def command(*arguments: str) -> list[str]:
    """Return the argument vector that runs ``spanmesh ARGUMENTS`` with this interpreter and installation."""
    # -P: a file of the user's called click.py must not take the place of a library.
    return [sys.executable, "-P", "-m", "deploy.cli.entry", *arguments]


@dataclass
class Child:
    """A supervised process; with ``restart`` it is started again when it ends, but not on CONFIG_EXIT."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    restart: bool
    process: subprocess.Popen[bytes]
    started: float = field(default_factory=time.monotonic)


class Supervisor:
    """A set of child processes that are started in order and stopped in reverse.

    Use as a context manager in the main thread: SIGTERM, SIGHUP and Ctrl-C end ``wait`` and,
    on the way out, every child. ``say`` receives lines for the person at the terminal.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._children: list[Child] = []
        self._stopping = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "Supervisor":
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            # SIGHUP as well: a closed terminal would end this process and leave the children running.
            self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def start(
        self, name: str, argv: Sequence[str], env: Mapping[str, str] | None = None, *, restart: bool = False
    ) -> Child:
        """Start one child in a session of its own, so that Ctrl-C reaches it through us alone.

        Raises ConfigError for a program that does not exist or cannot be executed.
        """
        # The child gets our own environment too: PATH, a virtual environment, and the user's own variables.
        environment = {**os.environ, **(env or {})}
        try:
            process = _spawn(argv, environment)
        except OSError as error:
            raise ConfigError(
                f"cannot start {argv[0]!r}: {error.strerror or error}; name an executable program"
            ) from None
        child = Child(name, argv, environment, restart, process)
        self._children.append(child)
        return child

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> bool:
        """Poll ``ready`` until it holds; False after ``seconds``, a signal or the end of a child."""
        deadline = time.monotonic() + seconds
        while not self._stopping and time.monotonic() < deadline:
            # First: what is ready may be another process, at the address that our child could not have.
            if any(child.process.poll() is not None for child in self._children):
                return False
            if ready():
                return True
            time.sleep(0.05)
        return False

    def pause(self, seconds: float) -> bool:
        """Sleep, restart children that ended; False on a signal or the end of one that is not restarted.

        No child is restarted on CONFIG_EXIT: it would end the same way for ever.
        """
        if self._stopping:
            return False
        # Python goes on sleeping after a signal handler returns, so ``seconds`` bounds how late a signal is
        # noticed.
        time.sleep(seconds)
        for child in self._children:
            status = child.process.poll()
            if status is None:
                continue
            # The end of one part ends all: half a mesh would look like a working one.
            if not child.restart or status == CONFIG_EXIT:
                return False
            self._restart(child, status)
        return not self._stopping

    def wait(self) -> int:
        """Wait for a signal (returns 0) or the end of a child that is not restarted (its status)."""
        while self.pause(0.1):
            pass
        return self.first_exit()

    def first_exit(self) -> int:
        """Return the exit status of a child that failed, CONFIG_EXIT before others; 0 when none did or a
        signal came."""
        if self._stopping:
            return 0
        # A child ended by signal N has the status -N; a shell takes no negative numbers.
        failed = [abs(child.process.returncode) for child in self._children if child.process.poll()]
        return CONFIG_EXIT if CONFIG_EXIT in failed else next(iter(failed), 0)

    def stop(self) -> None:
        """Send SIGTERM to every child, last started first, and SIGKILL to those left after STOP_SECONDS."""
        self._stopping = True
        # All are asked first and then waited for, so that they stop at the same time and share the deadline.
        for child in reversed(self._children):
            if child.process.poll() is None:
                child.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for child in reversed(self._children):
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._say(f"{child.name} did not end within {STOP_SECONDS:.0f} s and was killed")
                child.process.kill()
                child.process.wait()
        # ``stop`` may be called again on the way out, and must then find nothing.
        self._children.clear()

    def _restart(self, child: Child, status: int) -> None:
        # Not yet: ``pause`` comes here again a moment later.
        if time.monotonic() - child.started < RESTART_SECONDS:
            return
        # A supervisor that gives up would leave the mesh without a collector: it tries for ever, slowly.
        self._say(f"{child.name} ended ({_cause(status)}); starting it again")
        child.started = time.monotonic()
        child.process = _spawn(child.argv, child.env)

    # Only a flag: a handler runs between any two instructions, so nothing else is safe here.
    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True


def _cause(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"status {status}"


def _spawn(argv: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        argv,
        env=dict(env),
        # Several children cannot share one keyboard.
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        # Runs between fork and exec, where locks of other threads stay taken: one system call, no more.
        preexec_fn=_die_with_parent if sys.platform == "linux" else None,
    )


def _die_with_parent() -> None:
    """Ask the kernel for SIGTERM when the supervisor is killed, so that no orphan keeps a port."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
