"""The parser of HTTP/1.1 requests: the llhttp callbacks of httptools, turned into heads, data and ends. Pure.

A parser is fed bytes as they come and calls its sink; any split of the same bytes gives
the same events (data pieces may be cut differently). Sources: RFC 9112; llhttp in its strict mode,
which refuses bare LF, obs-fold, spaces before colons and repeated or signed lengths by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import httptools

from proxy.errors import Reason, RefusedError
from proxy.http.http1.fields import check_host, read_request, trailers
from proxy.http.messages import Field, Fields, RequestHead

# Bytes of chunk framing that go with each byte of a body: more than the smallest chunks need.
_FRAMING: Final = 8


@dataclass(frozen=True, slots=True)
class MessageLimits:
    """Bounds on one message, in bytes and fields; ``uri`` and ``body`` concern requests, 0 is no bound.

    ``header_bytes`` bounds trailers too, and the extensions of chunks.
    """

    header_bytes: int = 65536
    headers: int = 128
    uri: int = 16384
    body: int = 0

    def check(self, fields: Sequence[Field], reason: Reason = Reason.HEADERS_TOO_LARGE) -> None:
        """Raise RefusedError for too many fields, or too long ones."""
        # Of an answer the reader of the text is the client, who can send nothing else.
        if len(fields) > self.headers:
            raise RefusedError(reason, f"the limit is {self.headers} header fields")
        if sum(len(name) + len(value) + 4 for name, value in fields) > self.header_bytes:
            raise RefusedError(reason, f"the limit is {self.header_bytes} bytes of header fields")

    def excess(self, before: int, size: int, body: int, reason: Reason = Reason.HEADERS_TOO_LARGE) -> int:
        """Return by how many bytes chunks have exceeded what framing needs, after a read of ``size`` bytes
        with ``body`` bytes of the body in it. Raises RefusedError when that is too much.

        llhttp shows no chunk extension, nor a trailer section before its end, so an endless one would
        cost time and memory unseen.
        """
        excess = max(0, before + size - body - _FRAMING * body)
        if excess > self.header_bytes:
            raise RefusedError(reason, f"keep chunk extensions and trailers under {self.header_bytes} bytes")
        return excess


class Http1RequestHead(RequestHead):
    """A request's head, and whether its connection goes on after it (RFC 9112, 9.3)."""

    keep_alive = True


class RequestSink(Protocol):
    """The receiver of a client's requests, in order."""

    def on_request(self, head: Http1RequestHead) -> None: ...
    def on_request_data(self, data: bytes) -> None: ...
    def on_request_end(self, trailers: Fields) -> None: ...


class RequestParser:
    """Parses the requests of one connection. ``closed`` once the client said that no more will come."""

    __slots__ = (
        "_begun",
        "_body",
        "_excess",
        "_fields",
        "_head",
        "_held",
        "_ignored",
        "_in_body",
        "_limits",
        "_muted",
        "_partial",
        "_raw",
        "_read",
        "_sink",
        "_target",
        "closed",
    )

    def __init__(self, sink: RequestSink, limits: MessageLimits) -> None:
        self._sink = sink
        self._limits = limits
        self._raw = httptools.HttpRequestParser(self)
        self._head = Http1RequestHead()
        self._fields: list[Field] = []
        self._target = b""
        self._begun = self._in_body = self._muted = self._ignored = False
        self._read = 0  # bytes in the reads since a head began: an upper bound of its size
        # Bytes: of a head over all its reads, of a chunked body, and of framing beside that body.
        self._partial = self._body = self._excess = 0
        self._held: bytes | None = None
        self.closed = False

    @property
    def in_head(self) -> bool:
        """True while the head of a request has begun and not ended."""
        return self._begun

    @property
    def holds_upgrade(self) -> bool:
        """True while a request to upgrade waits for its answer: nothing after it is parsed."""
        return self._held is not None

    @property
    def held(self) -> int:
        """Number of bytes that follow a request to upgrade and wait for its answer."""
        return len(self._held) if self._held is not None else 0

    def feed(self, data: bytes) -> None:
        """Parse more bytes. Raises RefusedError; nothing may be fed after that."""
        begun = self._begun
        self._read = self._read + len(data) if begun else len(data)
        chunked = self._head if self._in_body and self._head.unsized else None
        body = self._body
        rest = data
        # llhttp stops at a request to upgrade. Where we ignore the upgrade, the rest of the read is fed
        # again.
        while rest:
            rest = self._consume(rest)
        # Still within the body that this read began in.
        if chunked is not None and chunked is self._head and self._in_body:
            self._excess = self._limits.excess(self._excess, len(data), self._body - body)
        if self._begun:
            # Only a head that never ends can grow past what is checked when it is complete.
            self._partial = self._partial + len(data) if begun else 1
            if self._partial > self._limits.header_bytes + self._limits.uri:
                bound = self._limits.header_bytes
                raise RefusedError(Reason.HEADERS_TOO_LARGE, f"keep a head under {bound} bytes")

    def _consume(self, data: bytes) -> bytes:
        """Feed llhttp and return what is left after a stop that is to be passed over."""
        if self._held is not None:
            self._held += data
            return b""
        if self.closed:
            return b""
        try:
            self._raw.feed_data(data)
        except httptools.HttpParserUpgrade as pause:
            return self._upgrade(data[pause.args[0] :])
        except httptools.HttpParserError as error:
            if not self.closed:
                raise refusal_of(error) from None
        return b""

    def resume(self) -> None:
        """Parse what followed an upgrade that was declined: it is HTTP after all. Raises RefusedError."""
        # llhttp stays in its upgraded state for good, so a new parser takes over.
        held, self._held = self._held, None
        self._raw = httptools.HttpRequestParser(self)
        if held:
            self.feed(held)

    def detach(self) -> bytes:
        """Return the bytes that followed an upgrade that was accepted, and parse no more."""
        held, self._held = self._held or b"", None
        self.closed = True
        return held

    def _upgrade(self, rest: bytes) -> bytes:
        """Hold what follows a head that asks to upgrade, where llhttp stops, or parse on past it."""
        # Neither accepted nor declined yet: only the response of the server decides what these bytes are.
        if not self._ignored:
            self._held = rest
            return b""
        self._ignored = False
        self._raw = httptools.HttpRequestParser(self)
        head = self._head
        if self._in_body:
            # A fresh parser, primed with a head of the same framing, reads the body.
            self._muted = True
            framing = b"transfer-encoding: chunked" if head.unsized else b"content-length: %d" % head.length
            self._raw.feed_data(b"POST / HTTP/1.1\r\nhost: -\r\n" + framing + b"\r\n\r\n")
        return rest

    # httptools callbacks
    def on_message_begin(self) -> None:
        if self._muted:
            return
        self._begun = True
        self._fields = []
        self._target = b""

    def on_url(self, url: bytes) -> None:
        # llhttp gives a target in pieces when a read ends within it.
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        if self._muted:
            self._muted = False
            self._fields = []
            return
        raw = self._raw
        self._head = head = Http1RequestHead()
        head.method = raw.get_method()
        version = raw.get_http_version()
        if version != "1.1":
            if version != "1.0":
                raise RefusedError(Reason.BAD_REQUEST, "speak HTTP/1.1")
            head.version = b"1.0"
        target, fields, limits = self._target, self._fields, self._limits
        if len(target) > limits.uri:
            raise RefusedError(Reason.URI_TOO_LONG, f"keep the target under {limits.uri} bytes")
        # ``_read`` is an upper bound, so most requests skip the exact sum over their fields.
        if len(fields) > limits.headers or self._read > limits.header_bytes:
            limits.check(fields)
        is_path = target[:1] == b"/"
        if not is_path or b"#" in target:
            _check_target(head.method, target)
        host = read_request(head, fields)
        if is_path and head.method != b"CONNECT":
            head.path, head.authority = target, host
        else:
            head.path, head.authority = destination(head.method, target, host)
        # Refused by the announced length, before a byte of the body is read or the destination is chosen.
        if 0 < limits.body < head.length:
            raise RefusedError(Reason.BODY_TOO_LARGE, f"send at most {limits.body} bytes")
        if not raw.should_keep_alive():
            head.keep_alive = False
        self._begun = False
        self._in_body = head.unsized or head.length > 0
        if raw.should_upgrade():
            self._consider_upgrade(head)
        # llhttp saw no upgrade and will not stop after this head, so no bytes after it may be held for one.
        elif head.upgrade:
            head.upgrade = b""
        self._fields = []
        self._body = self._excess = 0
        self._sink.on_request(head)

    def on_body(self, data: bytes) -> None:
        if self._head.unsized:
            self._body += len(data)
            if 0 < self._limits.body < self._body:
                raise RefusedError(Reason.BODY_TOO_LARGE, f"send at most {self._limits.body} bytes")
        self._sink.on_request_data(data)

    def on_message_complete(self) -> None:
        # llhttp ends the message at an upgrade's head. The primed parser ends it again, after the body.
        if self._ignored and self._in_body:
            return
        self._in_body = False
        self.closed = not self._head.keep_alive
        fields = self._fields
        if fields:
            self._limits.check(fields)
        self._sink.on_request_end(trailers(fields) if fields else ())

    def _consider_upgrade(self, head: Http1RequestHead) -> None:
        """Let WebSocket and its like pass: not h2c, and nothing that brings a body along.

        What an h2c upgrade would carry could not be seen by us, and clients must be ready to go on
        without it (RFC 9110, 7.8).
        """
        wanted = head.upgrade and not self._in_body and head.upgrade.lower() != b"h2c"
        if not wanted and head.method != b"CONNECT":
            head.upgrade = b""
            self._ignored = True
        elif self._in_body:
            raise RefusedError(Reason.BAD_REQUEST, "CONNECT with a body")
        elif head.method == b"CONNECT":
            # What follows was meant for the far end: never read as requests, whatever the answer.
            head.keep_alive = False


def destination(method: bytes, target: bytes, host: bytes) -> tuple[bytes, bytes]:
    """Return path and authority of a request target, whose authority overrules Host (RFC 9112, 3.2.2).

    A target that is neither a path nor an http address is returned as it is, for others to refuse.
    """
    if method == b"CONNECT":
        return b"/", target
    if target.startswith(b"/") or target[:7].lower() != b"http://":
        return target, host
    before, mark, query = target[7:].partition(b"?")
    authority, slash, path = before.partition(b"/")
    # An address alone asks for the options of the server itself; the last proxy says so (RFC 9112, 3.2.4).
    if method == b"OPTIONS" and not slash and not mark:
        return b"*", authority
    return b"/" + path + mark + query, authority


def _check_target(method: bytes, target: bytes) -> None:
    """Refuse a fragment, an asterisk that asks for no options, and an http address without a plain
    host (RFC 9112, 3.2; RFC 9110, 4.2.1 and 4.2.4)."""
    authority = b"-"
    if target[:7].lower() == b"http://":
        authority = target[7:].partition(b"?")[0].partition(b"/")[0]
        check_host(authority)
    if b"#" in target or authority[:1] in (b"", b":") or (target == b"*" and method != b"OPTIONS"):
        raise RefusedError(Reason.BAD_REQUEST, "the target must be a path or an http address, no fragment")


def refusal_of(error: httptools.HttpParserError) -> RefusedError:
    """Return the refusal for what llhttp objected to; our own refusals travel as the error's context."""
    # httptools wraps whatever a callback raises in its own error.
    cause = error.__context__
    if isinstance(cause, RefusedError):
        return cause
    if isinstance(cause, Exception) and not isinstance(cause, httptools.HttpParserError):
        raise cause
    if isinstance(error, httptools.HttpParserInvalidMethodError):
        return RefusedError(Reason.NOT_IMPLEMENTED, "unknown method")
    return RefusedError(Reason.BAD_REQUEST, str(error) or "not HTTP/1.1")
