"""HTTP/1.1 encoders: messages to bytes. Pure.

An encoder serves one connection, one message at a time. It collects pieces for its connection to join,
so that whatever one read brought leaves in one write. Source: RFC 9112.
"""

import re
from collections.abc import Iterable
from typing import Final

from proxy.http.messages import Field, RequestHead, ResponseHead

# RFC 9110, 15.3.5 and 15.4.5: these responses end with their head, whatever Content-Length says.
BODILESS: Final = frozenset({204, 304})
_UPGRADE_REQUIRED: Final = 426

# Servers may invent reason phrases; the cache must not grow with them. Real services use a dozen lines.
_MAX_STATUS_LINES: Final = 1000
# RFC 9112, 4: what a reason phrase may not hold; llhttp lets these pass.
_CONTROL: Final = re.compile(rb"[^\t\x20-\x7e\x80-\xff]")


class _Encoder:
    """The body of a message, which both kinds frame alike. ``pieces`` are what was not yet written."""

    __slots__ = ("_chunked", "pieces")

    def __init__(self) -> None:
        self._chunked = False
        self.pieces: list[bytes] = []

    def data(self, data: bytes) -> None:
        """Add a piece of the body."""
        if not self._chunked:
            self.pieces.append(data)
        elif data:  # an empty chunk would be the last one (RFC 9112, 7.1)
            self.pieces += (b"%x\r\n" % len(data), data, b"\r\n")

    def end(self, trailers: Iterable[Field]) -> None:
        """End the body. Trailers are left out where it is not in chunks (RFC 9110, 6.5.1)."""
        if self._chunked:
            self._chunked = False
            self.pieces.append(b"0\r\n" + field_lines(trailers) + b"\r\n")


class RequestEncoder(_Encoder):
    """Requests to one upstream."""

    __slots__ = ()

    def head(self, head: RequestHead, fields: Iterable[Field], *, whole: bool) -> None:
        """Begin a request with these fields, framed as it came; ``whole`` when nothing follows its head."""
        framing = b""
        if head.length >= 0:
            framing = b"content-length: %d\r\n" % head.length
        elif head.unsized:
            self._chunked = True
            framing = b"transfer-encoding: chunked\r\n"
        if head.upgrade or head.trailers:
            framing += _hop_fields(head)
        lines = b"".join([b"%b: %b\r\n" % field for field in fields])
        # The version is always ours: HTTP/1.0 of the client ends here (RFC 9110, 2.5).
        self.pieces.append(
            b"%b %b HTTP/1.1\r\nhost: %b\r\n%b%b\r\n"
            % (head.method, head.path, head.authority, lines, framing)
        )
        # A chunked request without a body still owes its last chunk.
        if whole and self._chunked:
            self.end(())


def _hop_fields(head: RequestHead) -> bytes:
    """Return the fields that concern the next hop alone, which Connection has to name (RFC 9110, 7.6.1)."""
    fields = b"te: trailers\r\n" if head.trailers else b""
    if not head.upgrade:
        return fields + b"connection: te\r\n"
    options = b"upgrade, te" if head.trailers else b"upgrade"
    return b"connection: %b\r\nupgrade: %b\r\n%b" % (options, head.upgrade, fields)


class ResponseEncoder(_Encoder):
    """Responses to one client.

    After a head ``keep`` says whether the connection may carry another request, ``until_close`` that
    only the end of the connection ends the body.
    """

    __slots__ = ("keep", "until_close")

    def __init__(self) -> None:
        super().__init__()
        self.keep = self.until_close = False

    def interim(self, request: RequestHead, head: ResponseHead) -> None:
        """Add an interim response, which HTTP/1.0 clients do not know (RFC 9110, 15.2)."""
        if request.version != b"1.0":
            self.pieces.append(status_line(head.status, head.phrase) + field_lines(head.fields) + b"\r\n")

    def switch(self, head: ResponseHead) -> None:
        """Add the response after which bytes pass as they are: 101, or 2xx to CONNECT (RFC 9110, 9.3.6)."""
        self.keep = False
        upgrade = _upgrade(head) if head.upgrade else b""
        line = status_line(head.status, head.phrase)
        self.pieces.append(line + field_lines(head.fields) + upgrade + b"\r\n")

    def head(self, request: RequestHead, head: ResponseHead, *, keep: bool) -> None:
        """Begin the response to a request; ``keep`` when the connection may carry another."""
        framing = b""
        self._chunked = self.until_close = False  # of a head that was added before and taken back
        if head.length < 0 and request.method != b"HEAD" and head.status not in BODILESS:
            if request.version == b"1.0":
                # No chunks in HTTP/1.0: the end of the connection is the end of the body.
                keep = False
                self.until_close = True
            else:
                self._chunked = True
                framing = b"transfer-encoding: chunked\r\n"
        if not keep:
            framing += b"connection: close\r\n"
        # HTTP/1.0 closes unless both sides say otherwise (RFC 9112, 9.3).
        elif request.version == b"1.0":
            framing += b"connection: keep-alive\r\n"
        # It has to name the protocol that it asks for (RFC 9110, 15.5.22); elsewhere Upgrade is an offer
        # that ends here.
        if head.status == _UPGRADE_REQUIRED and head.upgrade:
            framing += _upgrade(head)
        self.keep = keep
        # Written out here and not by ``field_lines``: this runs for each response, and a call costs more
        # than the line.
        lines = b"".join([b"%b: %b\r\n" % field for field in head.fields])
        self.pieces.append(status_line(head.status, head.phrase) + lines + framing + b"\r\n")


def _upgrade(head: ResponseHead) -> bytes:
    return b"connection: upgrade\r\nupgrade: %b\r\n" % head.upgrade


_UNKNOWN: Final = RequestHead()
# Any method but HEAD: a body may follow, since what was asked for could not be read.
_UNKNOWN.method = b""


def closing_response(head: ResponseHead, body: bytes) -> bytes:
    """Return a whole response after which the connection ends, to a request that was not understood."""
    encoder = ResponseEncoder()
    encoder.head(_UNKNOWN, head, keep=False)
    encoder.data(body)
    encoder.end(())
    return b"".join(encoder.pieces)


_status_lines: dict[tuple[int, bytes], bytes] = {}


def status_line(status: int, phrase: bytes) -> bytes:
    """Return the first line of a response, ended by CRLF; a phrase with control characters is left out."""
    line = _status_lines.get((status, phrase))
    if line is None:
        line = b"HTTP/1.1 %d %b\r\n" % (status, b"" if _CONTROL.search(phrase) else phrase)
        if len(_status_lines) < _MAX_STATUS_LINES:
            _status_lines[status, phrase] = line
    return line


def field_lines(fields: Iterable[Field]) -> bytes:
    """Return header fields, each ended by CRLF."""
    return b"".join([b"%b: %b\r\n" % field for field in fields])
