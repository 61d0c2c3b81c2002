"""The parser of HTTP/1.1 responses, for one upstream connection. Pure.

It adds what llhttp cannot know by itself: a response to HEAD has no body, only the end of the
connection ends a response without a length (RFC 9112, 6.3), and bytes after the end of a response make
a connection useless for another, since they could pass for the answer to the next request.
"""

from typing import Final

import httptools

from proxy.errors import Reason, RefusedError
from proxy.http.http1.encoder import BODILESS
from proxy.http.http1.fields import read_response, trailers
from proxy.http.http1.requests import MessageLimits, refusal_of
from proxy.http.messages import Field, Fields, ResponseHead
from proxy.http.streams import ResponseSink

_TOO_LARGE: Final = Reason.RESPONSE_HEADERS_TOO_LARGE


class ResponseParser:
    """Parses the responses of one connection, one request at a time.

    ``begin`` arms it for a request. ``reusable`` says after the end whether the connection may
    carry another; ``until_close`` that only the end of the connection ends this response. ``switched``
    says that the connection carries another protocol now, ``surplus`` holds its first bytes.
    ``keep_alive`` is what the response announced of its connection; ``identity`` says that one of them so
    far concerned the identity of the whole connection.
    """

    __slots__ = (
        "_awaited",
        "_body",
        "_chunked",
        "_done",
        "_excess",
        "_fields",
        "_head_only",
        "_interim",
        "_limits",
        "_phrase",
        "_piece",
        "_raw",
        "_read",
        "_renew",
        "_sink",
        "_spoiled",
        "identity",
        "keep_alive",
        "reusable",
        "surplus",
        "switched",
        "until_close",
    )

    def __init__(self, limits: MessageLimits) -> None:
        self._limits = limits
        self._read = self._piece = 0  # bytes in the reads since a head was due, and in the present one
        self._body = self._excess = 0  # bytes of a chunked body, and of framing beside it
        self._raw = httptools.HttpResponseParser(self)
        self._sink: ResponseSink | None = None
        self._fields: list[Field] = []
        self._phrase = b""
        self._done = True
        self._awaited = False  # the head of a response is due
        self._head_only = self._interim = self._renew = self._spoiled = self._chunked = False
        self.reusable = self.until_close = self.switched = self.identity = False
        self.keep_alive = self.surplus = b""

    def begin(self, sink: ResponseSink, head_only: bool) -> None:
        """Expect the response of one request; ``head_only`` for HEAD."""
        # Renewed here and not when the response ended: the connection may never carry another request.
        if self._renew:
            self._raw = httptools.HttpResponseParser(self)
            self._renew = False
        self._sink = sink
        self._head_only = head_only
        self._awaited, self._read = True, 0
        self._done = self.reusable = self.until_close = False

    def mute(self) -> None:
        """Report no more of this response; whether it leaves the connection usable still counts."""
        self._sink = None

    def feed(self, data: bytes) -> None:
        """Parse more bytes. Raises RefusedError for what is malformed or too large; the connection is spent
        then."""
        chunked, body = self._chunked, self._body
        if self._awaited:
            self._piece = len(data)
            self._read += self._piece
        try:
            self._raw.feed_data(data)
        except httptools.HttpParserUpgrade as pause:
            if self.switched:
                self.surplus = data[pause.args[0] :]
        except httptools.HttpParserError as error:
            self.reusable = self.switched = False
            # After the response is complete, bytes that do not parse only cost the connection, not the
            # answer.
            if not self._done:
                refusal = refusal_of(error)
                large = refusal.reason is _TOO_LARGE
                reason = _TOO_LARGE if large else Reason.UPSTREAM_MALFORMED
                raise RefusedError(reason, refusal.detail) from None
        if self._awaited:
            # Only a head that never ends can grow past what is checked when it is complete.
            if self._read > self._limits.header_bytes + self._piece:
                raise RefusedError(_TOO_LARGE, f"keep a head under {self._limits.header_bytes} bytes")
        elif chunked and self._chunked:
            self._excess = self._limits.excess(self._excess, len(data), self._body - body, _TOO_LARGE)
        if self._spoiled:
            self.reusable = False

    def finish(self) -> bool:
        """Take the end of the connection; True if that was the end of the response."""
        # With a length or chunks, an early end of the connection is a truncated body (RFC 9112, 8).
        if self._done or not self.until_close:
            return False
        self._end(())
        return True

    # httptools callbacks
    def on_message_begin(self) -> None:
        if self._done:
            self._spoiled = True
        self._fields = []
        self._phrase = b""

    def on_status(self, phrase: bytes) -> None:
        self._phrase += phrase

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        sink = self._sink
        if self._done or sink is None:
            return
        raw = self._raw
        head = ResponseHead()
        head.status = status = raw.get_status_code()
        head.phrase = self._phrase
        fields, self._fields = self._fields, []
        # ``_read`` is an upper bound, so most responses skip the exact sum over their fields.
        if len(fields) > self._limits.headers or self._read > self._limits.header_bytes:
            self._limits.check(fields, _TOO_LARGE)
        chunked = read_response(head, fields)
        # A 1xx is not the response: the parser goes on to the final one (RFC 9110, 15.2). 101 is the
        # exception.
        if status < 200:
            # Each is bounded and passed on as it comes. Their number is not: that takes no memory, and a
            # server may send them for hours to say that it is busy (102).
            self._interim = True
            self._read = self._piece
            self.switched = status == 101
            if not self.switched:
                sink.on_interim(head)
            elif raw.should_upgrade():
                sink.on_switch(head)
            else:
                raise RefusedError(Reason.UPSTREAM_MALFORMED, "101 without Connection: upgrade")
            return
        self._awaited = False
        self.keep_alive = head.keep_alive
        if head.identity:
            self.identity = True
        # RFC 9112, 6.3: these have no body whatever their fields say.
        bodiless = self._head_only or status in BODILESS
        self.until_close = not bodiless and not chunked and head.length < 0
        self._chunked = chunked and not bodiless
        self._body = self._excess = 0
        sink.on_response(head)
        if self._head_only:
            # llhttp has no way to learn that a response to HEAD has no body: this parser is spent.
            self._renew = True
            self._end(())

    def on_body(self, data: bytes) -> None:
        if self._done:
            self._spoiled = True
            return
        if self._chunked:
            self._body += len(data)
        if self._sink is not None:
            self._sink.on_response_data(data)

    def on_message_complete(self) -> None:
        # llhttp reports the end of a 1xx as the end of a message; the request is still unanswered.
        if self._interim:
            self._interim = False
        elif not self._done:
            fields = self._fields
            if fields:
                self._limits.check(fields, _TOO_LARGE)
            self._end(trailers(fields) if fields else ())

    def _end(self, trailer_fields: Fields) -> None:
        sink = self._sink
        self._done = True
        self._sink = None
        self._awaited = self._chunked = False
        self.reusable = bool(self._raw.should_keep_alive()) and not self.until_close
        if sink is not None:
            sink.on_response_end(trailer_fields)
