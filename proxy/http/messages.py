"""Heads of requests and responses, as every version of HTTP has them. Pure.

A codec fills a head from bytes and makes bytes of it; nothing between the codecs knows how a message
is framed on a connection. Defaults live on the classes; an instance holds only what was seen.
"""

from collections.abc import Sequence
from typing import Final

from proxy.contract.model import SAFE_METHODS

Field = tuple[bytes, bytes]
"""Name and value of a header or trailer field, as they were received."""

Fields = Sequence[Field]

SAFE: Final = frozenset(method.encode() for method in SAFE_METHODS)
# RFC 9110, 9.2.2: a proxy may send these again on its own when a connection turned out to be dead.
IDEMPOTENT: Final = SAFE | {b"PUT", b"DELETE"}


class RequestHead:
    """The head of a request.

    ``path`` is in origin form (or ``*``), with its query, ``/`` for CONNECT; ``authority`` is the
    ``HOST`` or ``HOST:PORT`` asked for. ``length`` is that of Content-Length, -1 without one, and
    ``unsized`` says that a body of unknown length follows. ``upgrade`` is the protocol that the client
    wants to switch to. ``trailers`` says that it takes trailers, ``identity`` that its credentials
    authenticate the connection it goes over. ``fields`` are end-to-end, without those that whoever
    forwards writes anew: the authority, the length, trace context and the caller.
    """

    method: bytes
    path: bytes
    authority: bytes
    fields: list[Field]
    version = b"1.1"
    length = -1
    unsized = False
    upgrade = b""
    trailers = False
    identity = False
    traceparent = b""
    tracestate = b""
    caller = b""
    b3: dict[bytes, bytes] | None = None

    @property
    def repeatable(self) -> bool:
        """True if a request that may have been served can be sent again: it is safe and has no body.

        One leg of a handshake means nothing on another connection.
        """
        whole = self.length <= 0 and not self.unsized
        return self.method in SAFE and whole and not self.upgrade and not self.identity


class ResponseHead:
    """The head of a response; ``fields`` are end-to-end and keep Content-Length, which is also ``length``.

    ``keep_alive`` is what the peer announces of its connection (RFC 2068, 19.7.1.1). ``identity`` says that
    the connection may be authenticated now, or is asked to be.
    """

    status: int
    phrase = b""
    fields: list[Field]
    version = b"1.1"
    length = -1
    upgrade = b""
    keep_alive = b""
    identity = False
