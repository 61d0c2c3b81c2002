"""Ports of this machine, by real sockets."""

import socket

import pytest

from deploy.processes import ports


def test_free_ports_are_free_and_all_different() -> None:
    found = ports.free(5)
    assert len(set(found)) == 5
    assert all(ports.is_free(port) for port in found)
    assert max(found) < 32_768  # the first port that Linux gives to an outgoing connection


def test_a_port_that_is_listened_on_is_not_free_and_accepts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not ports.is_free(port)
        assert ports.accepts(f"127.0.0.1:{port}")
        assert ports.accepts(f"0.0.0.0:{port}")
    assert not ports.accepts(f"127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("127.0.0.1:16686", "http://127.0.0.1:16686"),
        ("0.0.0.0:16686", "http://127.0.0.1:16686"),
        ("[::]:16686", "http://[::1]:16686"),
        ("mesh.local:80", "http://mesh.local:80"),
    ],
)
def test_a_listener_has_a_url_on_this_machine(address: str, url: str) -> None:
    assert ports.url(address) == url
