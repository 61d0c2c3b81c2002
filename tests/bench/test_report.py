"""The last line of a benchmark: one JSON object, and whole however long it is."""

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from fcntl import ioctl
from struct import unpack
from termios import FIONREAD

import pytest

from tests.bench.report import compare, finish, measure

LENGTH = 400_000
PIPE_BYTES = 65536
# A loop of libuv that has ended leaves work of its io_uring behind, which cuts a blocking write short.
WRITER = f"""
import asyncio, uvloop
from tests.bench.report import say

uvloop.run(asyncio.sleep(0.05))
say("x" * {LENGTH})
"""


def test_a_long_line_arrives_whole_from_a_writer_that_waits_for_its_reader() -> None:
    environment = {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    with subprocess.Popen([sys.executable, "-c", WRITER], stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        while process.poll() is None and _waiting(process.stdout.fileno()) < PIPE_BYTES:
            time.sleep(0.01)
        with suppress(subprocess.TimeoutExpired):  # the kernel's work comes a moment after the writer waits
            process.wait(0.5)
        assert len(process.stdout.read()) == LENGTH + 1
    assert process.returncode == 0


def _waiting(descriptor: int) -> int:
    """Bytes in a pipe."""
    (count,) = unpack("i", ioctl(descriptor, FIONREAD, bytes(4)))
    assert isinstance(count, int)
    return count


def test_the_last_line_says_for_each_figure_what_it_is_and_whether_it_met_its_target(
    capfd: pytest.CaptureFixture[str],
) -> None:
    finish(
        "sidecar",
        [
            compare("32 connections", "cpu", "us", [50.0, 52.0, 51.0], [100.0], "envoy", 0.6),
            measure("32 connections", "memory", "MiB", [30.0], 20.0),
            measure("nobody there", "memory", "MiB", []),
        ],
    )
    last = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert last["bench"] == "sidecar"
    keys = ("case", "metric", "unit", "ours", "peer", "peer_name", "ratio", "target", "met")
    assert [tuple(row[key] for key in keys) for row in last["rows"]] == [
        ("32 connections", "cpu", "us", 51.0, 100.0, "envoy", 0.51, 0.6, True),
        ("32 connections", "memory", "MiB", 30.0, None, "", None, 20.0, False),
        ("nobody there", "memory", "MiB", None, None, "", None, None, None),
    ]
    assert all(set(row) == set(keys) for row in last["rows"])
