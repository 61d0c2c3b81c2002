"""Whether an opaque connection is encrypted is told from its bytes, or not at all."""

import ssl

import pytest

from proxy.tcp.encryption_detection import agrees_to_tls, in_the_clear

HELLO = b"\x16\x03\x03\x00\x5a\x02\x00\x00\x56\x03\x03" + bytes(84)


def test_a_server_hello_is_agreement_to_tls() -> None:
    assert agrees_to_tls(HELLO)
    assert agrees_to_tls(HELLO[:20])


@pytest.mark.parametrize(
    "start",
    [
        b"",
        HELLO[:8],
        b"\x15\x03\x03\x00\x02\x02\x28",
        b"HTTP/1.1 200 OK\r\n",
        b"\x16\x03 hello, no TLS",
        HELLO[:5] + b"\x0b" + HELLO[6:],
        HELLO[:3] + b"\xff\xff" + HELLO[5:],
        HELLO[:6] + b"\xff" + HELLO[7:],
    ],
)
def test_nothing_else_is(start: bytes) -> None:
    assert not agrees_to_tls(start)


def test_what_a_client_offers_is_neither() -> None:
    out = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), out, server_hostname="a.example")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    offer = out.read()
    assert offer
    assert not agrees_to_tls(offer)
    assert not in_the_clear(offer)


@pytest.mark.parametrize(
    "start",
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"*1\r\n$4\r\nPING\r\n",
        b"\x00\x00\x00\x17\x00\x03\x00\x00user\x00postgres\x00\x00",
    ],
)
def test_protocols_without_encryption_are_in_the_clear(start: bytes) -> None:
    assert in_the_clear(start)


@pytest.mark.parametrize(
    "start",
    [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"\x00\x00\x00\x08\x04\xd2\x16\x2f", b"\x00\x00\x00\x08" * 4],
)
def test_of_others_nothing_is_known(start: bytes) -> None:
    assert not in_the_clear(start)
