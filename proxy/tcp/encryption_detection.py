"""The detection of encryption in an opaque connection, by the first bytes of its two sides. Pure.

A server that answers with a ServerHello has agreed to TLS, at the start or after a request in the clear
(STARTTLS, PostgreSQL's SSLRequest). A client whose first bytes are of a protocol that is never encrypted
is in the clear. Of all others it is not known: their bytes may be anything.
"""

from typing import Final

# TLS 1.0 to 1.3 (RFC 8446, 5.1): the type of a record, its version, its length; then the type of the message.
_HANDSHAKE: Final = b"\x16\x03"
_SERVER_HELLO: Final = 2
_RECORD_HEAD: Final = 5
_RECORD_MAX: Final = 2**14
_HELLO_MIN: Final = 38  # version, random, no session, cipher suite, compression
# HTTP/2 with prior knowledge (RFC 9113, 3.4).
_HTTP2: Final = b"PRI * HTTP/2.0\r\n"
# PostgreSQL's start-up message (protocol 3.0) after its length: a client that wants TLS asks for it first.
_POSTGRES: Final = b"\x00\x03\x00\x00"


def agrees_to_tls(data: bytes) -> bool:
    """Return True if the bytes of a server begin with a TLS ServerHello."""
    if not data.startswith(_HANDSHAKE) or len(data) < _RECORD_HEAD + 4:
        return False
    record = int.from_bytes(data[3:5])
    message = int.from_bytes(data[6:9])
    return data[2] <= 4 and data[5] == _SERVER_HELLO and _HELLO_MIN <= message <= record <= _RECORD_MAX


def in_the_clear(data: bytes) -> bool:
    """Return True if a client that begins with ``data`` speaks a protocol that is not encrypted."""
    if data.startswith(_HTTP2):
        return True
    # The RESP notation: ``*1\r\n$4\r\nPING\r\n``.
    if data[:1] == b"*" and data[1:2].isdigit():  # Redis: an array of texts
        return b"\r\n$" in data[:8]
    # The start-up message gives its own length first; more bytes than that would be something else.
    return data[4:8] == _POSTGRES and int.from_bytes(data[:4]) >= len(data) > 8
