"""The kernel's answer about an intercepted connection, as an address."""

import socket

from proxy.tcp.original_dst import decode, original_destination


def test_an_ipv4_address_is_read() -> None:
    assert decode(b"\x02\x00\x23\x78\x0a\x4d\x00\x02" + bytes(8), six=False) == "10.77.0.2:9080"


def test_an_ipv6_address_is_read() -> None:
    address = socket.inet_pton(socket.AF_INET6, "fd00::2")
    assert decode(b"\x0a\x00\x23\x78" + bytes(4) + address + bytes(4), six=True) == "[fd00::2]:9080"


def test_without_interception_nothing_is_known() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        accepted, _ = server.accept()
        with accepted:
            # With connection tracking on this machine the kernel names the listener itself.
            port = server.getsockname()[1]
            assert original_destination(accepted) in ("", f"127.0.0.1:{port}")
