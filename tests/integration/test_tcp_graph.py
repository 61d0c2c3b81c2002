"""Opaque TCP in the live graph, end to end: intercepted programs, real sidecars, a real collector."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from deploy.processes.supervise import command
from tests.support.namespaces import HELPER, ROOT, SERVER, Net, namespaces, process, run, until

ECHO, OUTSIDE, NOBODY_THERE = 9026, 6379, 5432
FETCH = "import urllib.request as r, sys; print(r.urlopen(sys.argv[1], timeout=10).read().decode())"
# A caller that no sidecar stands beside: interception leaves root's connections alone.
DIRECT = (
    "import socket, sys; c = socket.create_connection((sys.argv[1], int(sys.argv[2])), 10);"
    "c.sendall(b'hello'); c.shutdown(1); c.recv(9)"
)
Ends = tuple[str, str]


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Net]:
    """web with a sidecar in one namespace; cache with one, an echo outside the mesh and the collector in
    the other."""
    with namespaces(tmp_path) as found, ExitStack() as stack:
        here, there = (("ip", "netns", "exec", space) for space in (found.client, found.server))
        mesh = f"{SERVER}:4317"
        stored = {"data": str(tmp_path / "data"), "http": f"{SERVER}:4318", "query": f"{SERVER}:16686"}
        cache = {"service": "cache", "app": f"{SERVER}:{ECHO}", "inbound": "0.0.0.0:15006", "outbound": ""}
        for argv in (
            (*there, *HELPER, "serve", SERVER, str(found.file(found.server))),
            (*there, *command("collector", *_options(grpc=mesh, **stored))),
            (*there, *command("sidecar", "--intercept", *_options(mesh=mesh, **cache))),
            (*here, *command("sidecar", "--intercept", *_options(mesh=mesh, service="web", inbound=""))),
        ):
            stack.enter_context(process(*argv))
        until(partial(found.listening, found.server, ECHO, 15006, 16686), "listeners of the server")
        until(partial(found.listening, found.client, 15001), "listeners of the client")
        found.intercept(found.client, "on", "--uid", "0", "--inbound", "")
        excluded = f"22,4317,15000,16686,{OUTSIDE},{NOBODY_THERE}"
        found.intercept(found.server, "on", "--uid", "0", "--outbound", "", "--exclude-in", excluded)
        until(partial(_ready, found), "cache in the mesh")
        yield found


def _options(**given: str) -> list[str]:
    return [part for name, value in given.items() for part in (f"--{name}", value)]


def _ready(net: Net) -> bool:
    return [each["state"] for each in _get(net, "endpoints")["endpoints"]] == ["healthy"]


def _get(net: Net, what: str) -> dict[str, Any]:
    done = run(
        "ip",
        "netns",
        "exec",
        net.server,
        sys.executable,
        "-c",
        FETCH,
        f"http://{SERVER}:16686/api/mesh/{what}",
    )
    found: dict[str, Any] = json.loads(done.stdout or "{}")
    return found if done.returncode == 0 else {"endpoints": [], "edges": [], "nodes": []}


def _edges(net: Net) -> dict[Ends, dict[str, Any]]:
    return {(each["source"], each["target"]): each for each in _get(net, "graph")["edges"]}


def _settled(net: Net, wanted: dict[Ends, tuple[int, int]]) -> None:
    """Until the graph has just these edges, with (count, errors), and still has them a while later."""

    def counts() -> dict[Ends, tuple[int, int]]:
        return {ends: (each["count"], each["errors"]) for ends, each in _edges(net).items()}

    until(lambda: counts() == wanted, f"the graph {wanted}")
    time.sleep(3)  # what a callee counted waits two seconds for its caller's count
    assert counts() == wanted


def test_every_connection_is_on_the_edge_of_its_caller(net: Net) -> None:
    place, nobody = f"{SERVER}:{OUTSIDE}", f"{SERVER}:{NOBODY_THERE}"
    for _ in range(3):
        assert net.call(ECHO, "\\x16\\x03 hello") == "\x16\x03 hello"
    assert net.call(OUTSIDE, "*1\\r\\n$4\\r\\nPING\\r\\n") == "*1\n$4\nPING\n"
    run("ip", "netns", "exec", net.client, *HELPER, "call", SERVER, str(NOBODY_THERE), "startup")
    stranger = run("ip", "netns", "exec", net.client, sys.executable, "-c", DIRECT, SERVER, str(ECHO))
    assert stranger.returncode == 0, stranger.stderr
    _settled(
        net,
        {
            ("web", "cache"): (3, 0),
            ("user", "cache"): (1, 0),
            ("web", place): (1, 0),
            ("web", nobody): (1, 1),
        },
    )
    edges = _edges(net)
    assert {each["protocol"] for each in edges.values()} == {"tcp"}
    assert edges["web", "cache"]["tcp"] == {"open": 0, "sent": 24, "received": 24}
    assert edges["web", place]["tcp"] == {"open": 0, "sent": 14, "received": 14}
    kinds = {each["name"]: each["kind"] for each in _get(net, "graph")["nodes"]}
    assert kinds == {
        "web": "service",
        "cache": "service",
        "user": "user",
        place: "database",
        nobody: "database",
    }


def test_a_connection_that_stays_is_an_edge_while_it_stands(net: Net) -> None:
    holders = [
        subprocess.Popen(
            ["ip", "netns", "exec", net.client, *HELPER, "hold", SERVER, str(ECHO)],
            stdin=subprocess.PIPE,
            cwd=ROOT,
        )
        for _ in range(2)
    ]
    try:
        tcp = {"open": 2, "sent": 28, "received": 0}
        until(lambda: _edges(net).get(("web", "cache"), {}).get("tcp") == tcp, "two connections")
        time.sleep(3)  # and none becomes a stranger's meanwhile
        [edge] = _edges(net).values()
        assert (edge["count"], edge["tcp"]) == (0, tcp)
    finally:
        for holder in holders:
            holder.communicate(timeout=20)
    _settled(net, {("web", "cache"): (2, 0)})
