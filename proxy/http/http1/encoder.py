"""Heads back to bytes: the request as it is forwarded, the first line and fields of a response. Pure."""

import re
from typing import Final

from proxy.http.headers import Field, RequestHead

_MAX_STATUS_LINES: Final = 1000
# RFC 9112, 4: what a reason phrase may not hold; llhttp lets these pass.
_CONTROL: Final = re.compile(rb"[^\t\x20-\x7e\x80-\xff]")


def request_bytes(head: RequestHead, added: list[Field]) -> bytes:
    """The head of the forwarded request: HTTP/1.1, framed as it came, ``added`` fields last."""
    framing = b""
    if head.length >= 0:
        framing = b"content-length: %d\r\n" % head.length
    elif head.chunked:
        framing = b"transfer-encoding: chunked\r\n"
    if head.upgrade:
        framing += b"connection: upgrade\r\nupgrade: " + head.upgrade + b"\r\n"
    fields = b"".join([b"%b: %b\r\n" % field for field in head.fields + added])
    return b"%b %b HTTP/1.1\r\nhost: %b\r\n%b%b\r\n" % (
        head.method,
        head.path,
        head.authority,
        fields,
        framing,
    )


_status_lines: dict[tuple[int, bytes], bytes] = {}


def status_line(status: int, phrase: bytes) -> bytes:
    """The first line of a response, ended by CRLF. A phrase with control characters is left out."""
    line = _status_lines.get((status, phrase))
    if line is None:
        line = b"HTTP/1.1 %d %b\r\n" % (status, b"" if _CONTROL.search(phrase) else phrase)
        if len(_status_lines) < _MAX_STATUS_LINES:
            _status_lines[status, phrase] = line
    return line


def field_lines(fields: list[Field]) -> bytes:
    """Header fields, each ended by CRLF."""
    return b"".join([b"%b: %b\r\n" % field for field in fields])
