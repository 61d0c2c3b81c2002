"""Two network namespaces with a wire between them, for what needs iptables: interception."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
SCRIPT = ROOT / "deploy/container/intercept.sh"
HELPER = [sys.executable, "-m", "tests.support.intercepted"]
CLIENT, SERVER = "10.77.0.1", "10.77.0.2"


def run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False, cwd=ROOT)


@contextmanager
def process(*argv: str) -> Iterator[None]:
    started = subprocess.Popen(argv, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        yield
    finally:
        started.terminate()
        started.wait(30)


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


class Net:
    """Two namespaces and the wire between them; ``spans`` are those of a namespace's own sidecar."""

    def __init__(self, name: str, folder: Path) -> None:
        self.client, self.server = f"{name}c", f"{name}s"
        self._folder = folder

    def make(self) -> str:
        """Empty when made, else what the machine does not allow."""
        client, server = self.client, self.server
        steps = (
            f"ip netns add {client}",
            f"ip netns add {server}",
            f"ip -n {client} link add wire type veth peer name wire netns {server}",
            f"ip -n {client} addr add {CLIENT}/24 dev wire",
            f"ip -n {server} addr add {SERVER}/24 dev wire",
            *(f"ip -n {space} link set {link} up" for space in (client, server) for link in ("lo", "wire")),
            *(f"ip netns exec {space} iptables -t nat -S" for space in (client, server)),
        )
        for step in steps:
            done = run(*step.split())
            if done.returncode:
                return f"{step!r} is not possible here: {' '.join(done.stderr.split()) or 'it failed'}"
        return ""

    def remove(self) -> None:
        for space in (self.client, self.server):
            run("ip", "netns", "del", space)

    def file(self, space: str) -> Path:
        return self._folder / f"{space}.jsonl"

    def spans(self, space: str, count: int) -> list[dict[str, Any]]:
        """The first ``count`` spans that the sidecar of a namespace sent, once they are there."""

        def lines() -> list[str]:
            return self.file(space).read_text(encoding="utf-8").splitlines()

        until(lambda: len(lines()) >= count, f"{count} spans from {space}")
        return [json.loads(line) for line in lines()]

    def intercept(self, space: str, *arguments: str) -> None:
        done = run("ip", "netns", "exec", space, str(SCRIPT), *arguments)
        assert done.returncode == 0, done.stderr

    def call(self, port: int, sent: str) -> str:
        done = run("ip", "netns", "exec", self.client, *HELPER, "call", SERVER, str(port), sent)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def listening(self, space: str, *ports: int) -> bool:
        shown = run("ip", "netns", "exec", space, "ss", "-Hltn").stdout
        return all(f":{port} " in shown for port in ports)


@contextmanager
def namespaces(folder: Path) -> Iterator[Net]:
    """Both, or the test is skipped where the machine does not allow them."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces and iptables need root: run the tests as root to see interception")
    missing = [tool for tool in ("ip", "ss", "iptables", "iptables-restore") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (packages iproute2 and iptables)")
    found = Net(f"sm{os.getpid() % 100000}", folder)
    try:
        reason = found.make()
        if reason:
            pytest.skip(reason)
        yield found
    finally:
        found.remove()
