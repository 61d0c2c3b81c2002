"""Transparent interception between two network namespaces: neither application knows of a sidecar."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from deploy.supervise import command

ROOT = Path(__file__).parent.parent.parent
SCRIPT = ROOT / "deploy/container/intercept.sh"
HELPER = [sys.executable, "-m", "tests.support.intercepted"]
CLIENT, SERVER = "10.77.0.1", "10.77.0.2"
SERVER_KIND, CLIENT_KIND = 2, 3


def _run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False, cwd=ROOT)


@contextmanager
def _process(*argv: str) -> Iterator[None]:
    process = subprocess.Popen(argv, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def _until(condition: Callable[[], bool], what: str) -> None:
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
            f"ip netns add {client}", f"ip netns add {server}",
            f"ip -n {client} link add wire type veth peer name wire netns {server}",
            f"ip -n {client} addr add {CLIENT}/24 dev wire", f"ip -n {server} addr add {SERVER}/24 dev wire",
            *(f"ip -n {space} link set {link} up" for space in (client, server) for link in ("lo", "wire")),
            *(f"ip netns exec {space} iptables -t nat -S" for space in (client, server)),
        )  # fmt: skip
        for step in steps:
            done = _run(*step.split())
            if done.returncode:
                return f"{step!r} is not possible here: {' '.join(done.stderr.split()) or 'it failed'}"
        return ""

    def remove(self) -> None:
        for space in (self.client, self.server):
            _run("ip", "netns", "del", space)

    def file(self, space: str) -> Path:
        return self._folder / f"{space}.jsonl"

    def spans(self, space: str, count: int) -> list[dict[str, Any]]:
        """The first ``count`` spans that the sidecar of a namespace sent, once they are there."""
        def lines() -> list[str]:
            return self.file(space).read_text(encoding="utf-8").splitlines()

        _until(lambda: len(lines()) >= count, f"{count} spans from {space}")
        return [json.loads(line) for line in lines()]

    def intercept(self, space: str, *arguments: str) -> None:
        done = _run("ip", "netns", "exec", space, str(SCRIPT), *arguments)
        assert done.returncode == 0, done.stderr

    def call(self, port: int, sent: str) -> str:
        done = _run("ip", "netns", "exec", self.client, *HELPER, "call", SERVER, str(port), sent)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def listening(self, space: str, *ports: int) -> bool:
        shown = _run("ip", "netns", "exec", space, "ss", "-Hltn").stdout
        return all(f":{port} " in shown for port in ports)


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Net]:
    if os.geteuid() != 0:
        pytest.skip("network namespaces and iptables need root: run the tests as root to see interception")
    missing = [tool for tool in ("ip", "ss", "iptables", "iptables-restore") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (packages iproute2 and iptables)")
    found = Net(f"sm{os.getpid() % 100000}", tmp_path)
    try:
        reason = found.make()
        if reason:
            pytest.skip(reason)
        with ExitStack() as stack:
            for space, host in ((found.client, CLIENT), (found.server, SERVER)):
                inside = ("ip", "netns", "exec", space)
                stack.enter_context(_process(*inside, *HELPER, "serve", host, str(found.file(space))))
                stack.enter_context(_process(*inside, *command(
                    "sidecar", "--service", space, "--app", f"{host}:9080", "--inbound", "0.0.0.0:15006",
                    "--intercept", "--mesh", "127.0.0.1:4317",
                )))
                _until(partial(found.listening, space, 4317, 9026, 15001, 15006), f"listeners of {space}")
            yield found
    finally:
        found.remove()


def test_both_ends_see_a_call_that_knows_nothing_of_them(net: Net) -> None:
    net.intercept(net.client, "on", "--uid", "0", "--inbound", "")
    net.intercept(net.server, "on", "--uid", "0", "--outbound", "", "--exclude-in", "22,15000")
    answer = net.call(9080, "GET /cart?x=1 HTTP/1.1\\r\\nHost: shop.example\\r\\n\\r\\n")
    assert answer.startswith("HTTP/1.1 200 OK\n")
    assert answer.endswith("GET /cart?x=1 HTTP/1.1|host: shop.example")
    [client] = net.spans(net.client, 1)
    assert client["kind"] == CLIENT_KIND
    assert client["peer.service"] == f"{SERVER}:9080"
    assert client["url.full"] == "http://shop.example/cart?x=1"
    assert (client["network.peer.address"], client["network.peer.port"]) == (SERVER, 9080)
    [server] = net.spans(net.server, 1)
    assert (server["kind"], server["http.route"]) == (SERVER_KIND, "/cart")
    assert server["client.address"] == CLIENT


def test_what_is_not_http_passes_as_it_is_whoever_speaks_first(net: Net) -> None:
    net.intercept(net.client, "on", "--uid", "0")
    net.intercept(net.server, "on", "--uid", "0")
    assert net.call(9026, "\\x16\\x03\\x01 no HTTP") == "\x16\x03\x01 no HTTP"
    assert net.call(9025, "") == "220 ready\nheard hello\n"
    for space, kind in ((net.client, CLIENT_KIND), (net.server, SERVER_KIND)):
        echo, greeter = net.spans(space, 2)
        for span, port in ((echo, 9026), (greeter, 9025)):
            assert (span["kind"], span["network.transport"]) == (kind, "tcp")
            assert (span["server.address"], span["server.port"]) == (SERVER, port)
        assert echo["spanmesh.bytes.sent"] == echo["spanmesh.bytes.received"] == 11
        assert {greeter["spanmesh.bytes.sent"], greeter["spanmesh.bytes.received"]} == {7, 24}


def test_a_sidecar_that_meets_itself_says_so_once(net: Net) -> None:
    # The wrong user is left alone, so the sidecar's own connection is turned to itself.
    net.intercept(net.client, "on", "--uid", "12345", "--inbound", "", "--exclude-out", "4317")
    answer = net.call(9080, "GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
    assert answer.startswith("HTTP/1.1 508 ")
    assert "x-spanmesh-reason: loop" in answer
    assert net.call(9080, "GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n").startswith("HTTP/1.1 508 ")


def test_interception_can_be_repeated_and_undone(net: Net) -> None:
    def rules() -> str:
        return _run("ip", "netns", "exec", net.client, "iptables", "-t", "nat", "-S").stdout

    before = rules()
    net.intercept(net.client, "on", "--uid", "0", "--ports", "80,81")
    net.intercept(net.client, "on", "--uid", "0")
    once = rules()
    net.intercept(net.client, "on", "--uid", "0")
    assert rules() == once
    net.intercept(net.client, "off")
    net.intercept(net.client, "off")
    assert rules() == before
    assert net.call(9026, "plain") == "plain"


def test_rules_that_cannot_be_made_leave_nothing_behind(net: Net) -> None:
    done = _run("ip", "netns", "exec", net.client, str(SCRIPT), "on", "--uid", "0", "--ports", "none")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("intercept.sh: iptables refused the rules")
    assert "SPANMESH" not in _run("ip", "netns", "exec", net.client, "iptables", "-t", "nat", "-S").stdout
