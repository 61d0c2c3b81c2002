"""Transparent interception between two network namespaces: neither application knows of a sidecar."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from deploy.processes.supervise import command
from tests.support.namespaces import CLIENT, HELPER, SCRIPT, SERVER, Net, namespaces, process, run, until

SERVER_KIND, CLIENT_KIND = 2, 3


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Net]:
    with namespaces(tmp_path) as found, ExitStack() as stack:
        for space, host in ((found.client, CLIENT), (found.server, SERVER)):
            inside = ("ip", "netns", "exec", space)
            stack.enter_context(process(*inside, *HELPER, "serve", host, str(found.file(space))))
            stack.enter_context(
                process(
                    *inside,
                    *command(
                        "sidecar",
                        "--service",
                        space,
                        "--app",
                        f"{host}:9080",
                        "--inbound",
                        "0.0.0.0:15006",
                        "--intercept",
                        "--mesh",
                        "127.0.0.1:4317",
                    ),
                )
            )
            until(partial(found.listening, space, 4317, 9026, 15001, 15006), f"listeners of {space}")
        yield found


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
        return run("ip", "netns", "exec", net.client, "iptables", "-t", "nat", "-S").stdout

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
    done = run("ip", "netns", "exec", net.client, str(SCRIPT), "on", "--uid", "0", "--ports", "none")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("intercept.sh: iptables refused the rules")
    assert "SPANMESH" not in run("ip", "netns", "exec", net.client, "iptables", "-t", "nat", "-S").stdout
