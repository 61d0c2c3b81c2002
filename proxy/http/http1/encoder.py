"""Heads back to bytes: the request as it is forwarded, the first line and fields of a response. Pure."""

import re
from typing import Final

from proxy.http.headers import Field, RequestHead

_MAX_STATUS_LINES: Final = 1000
# RFC 9112, 4: what a reason phrase may not hold; llhttp lets these pass.
_CONTROL: Final = re.compile(rb"[^\t\x20-\x7e\x80-\xff]")


def request_bytes(head: RequestHead, target: bytes, host: bytes, added: bytes) -> bytes:
    """The head of the forwarded request: HTTP/1.1, framed as it came, ``added`` fields last.

    ``added`` ends each field with CRLF.
    """
    if head.length >= 0:
        added += b"content-length: %d\r\n" % head.length
    elif head.chunked:
        added += b"transfer-encoding: chunked\r\n"
    if head.upgrade:
        added += b"connection: upgrade\r\nupgrade: " + head.upgrade + b"\r\n"
    fields = b"".join([b"%b: %b\r\n" % field for field in head.fields])
    return b"%b %b HTTP/1.1\r\nhost: %b\r\n%b%b\r\n" % (head.method, target, host, fields, added)


def origin_form(head: RequestHead) -> tuple[bytes, bytes]:
    """Target without its authority, and the authority, which overrules Host (RFC 9112, 3.2.2).

    What is neither a path nor an http address is returned as it is.
    """
    target = head.target
    if target.startswith(b"/") or target[:7].lower() != b"http://":
        return target, head.host or b""
    before, mark, query = target[7:].partition(b"?")
    authority, _, path = before.partition(b"/")
    return b"/" + path + mark + query, authority


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
