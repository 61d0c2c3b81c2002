"""One pass over the header fields of a message: what frames it, what is ours, what is forwarded.

Sources: RFC 9110 section 7.6.1 (hop-by-hop fields), RFC 9112 section 6 (framing). Fields that
belong to one hop are left out of ``fields``; everything else keeps its order, case and bytes.
"""

import re
from typing import Final

from proxy.contract import attributes
from proxy.errors import Reason, RefusedError

Field = tuple[bytes, bytes]

_HOP: Final = 1
_CONNECTION: Final = 2
_LENGTH: Final = 3
_ENCODING: Final = 4
_HOST: Final = 5
_TRACE: Final = 6
_CALLER: Final = 7
_UPGRADE: Final = 8
_B3: Final = 9

_KINDS: Final[dict[bytes, int]] = {
    b"connection": _CONNECTION,
    b"proxy-connection": _HOP,
    b"keep-alive": _HOP,
    b"te": _HOP,
    b"http2-settings": _HOP,
    b"upgrade": _UPGRADE,
    b"content-length": _LENGTH,
    b"transfer-encoding": _ENCODING,
    b"host": _HOST,
    b"traceparent": _TRACE,
    b"tracestate": _TRACE,
    b"b3": _B3,
    b"x-b3-traceid": _B3,
    b"x-b3-spanid": _B3,
    b"x-b3-sampled": _B3,
    b"x-b3-flags": _B3,
    attributes.CALLER_HEADER.encode(): _CALLER,
}
# Kinds by the name as it was spelled, so that a known spelling costs one look-up.
_spelled: dict[bytes, int] = dict(_KINDS)
_MAX_SPELLED: Final = 4096
# RFC 9112, 3.2: a Host that is no host and port is refused, whoever might read something into it.
_HOST_PORT: Final = re.compile(rb"(?:[\w.~!$&'()*+,;=%-]*|\[[\w:.]+\])(?::\d{0,5})?")
_hosts: set[bytes] = set()
_MAX_HOSTS: Final = 4096
# Never accepted in a trailer section: they would reframe or reroute a message already under way.
_NOT_IN_TRAILERS: Final = frozenset({*_KINDS, b"trailer", b"authorization", b"expect", b"set-cookie"})
# The options of Connection that name no field worth looking for.
_PLAIN_OPTIONS: Final = frozenset({b"close", b"keep-alive", b""})


def _kind(name: bytes) -> int:
    kind = _KINDS.get(name.lower(), 0)
    if len(_spelled) < _MAX_SPELLED:
        _spelled[name] = kind
    return kind


class RequestHead:
    """A request's head. Defaults live on the class; an instance holds only what was seen.

    ``length`` is -1 without Content-Length. ``fields`` are end-to-end, without Host, Content-Length,
    traceparent, tracestate and the caller header, which whoever forwards writes anew.
    """

    method: bytes
    target: bytes
    path: bytes
    authority: bytes
    fields: list[Field]
    http10 = False
    keep_alive = True
    host: bytes | None = None
    length = -1
    chunked = False
    upgrade = b""
    traceparent = b""
    tracestate = b""
    caller = b""
    b3: dict[bytes, bytes] | None = None


class ResponseHead:
    """A response's head; ``fields`` are end-to-end and keep Content-Length."""

    status: int
    phrase: bytes
    fields: list[Field]
    length = -1
    chunked = False
    upgrade = b""


# RFC 9110, 9.2.1: methods that ask for no change, so that asking twice does no harm.
SAFE: Final = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE"})


def repeatable(head: RequestHead) -> bool:
    """True if a request that may have been served can be sent again: it is safe and has no body."""
    return head.method in SAFE and head.length <= 0 and not head.chunked and not head.upgrade


def read_request(head: RequestHead, fields: list[Field]) -> None:
    """Fill ``head`` from all its fields. Raises RefusedError for what would be ambiguous to forward."""
    kept: list[Field] = []
    named: frozenset[bytes] = frozenset()
    spelled = _spelled.get
    for field in fields:
        name, value = field
        kind = spelled(name)
        if kind is None:
            kind = _kind(name)
        if not kind:
            kept.append(field)
        elif kind == _HOST:
            if head.host is not None:
                raise RefusedError(Reason.BAD_REQUEST, "more than one Host")
            head.host = host = value.rstrip()
            if host not in _hosts:
                check_host(host)
        elif kind == _CONNECTION:
            named |= _options(value)
        elif kind == _TRACE:
            if name.lower() == b"tracestate":
                head.tracestate = head.tracestate + b"," + value if head.tracestate else value
            else:
                # Two traceparents are as good as none (W3C trace context, 3.2).
                head.traceparent = b"" if head.traceparent else value.strip()
        elif kind == _LENGTH:
            head.length = _length(value, head.length)
        elif kind == _ENCODING:
            _check_encoding(value, head.chunked)
            head.chunked = True
        elif kind == _UPGRADE:
            head.upgrade = value.strip()
        elif kind == _CALLER:
            head.caller = value.strip()
        elif kind == _B3:
            kept.append(field)
            head.b3 = {**(head.b3 or {}), name.lower(): value.strip()}
    if b"upgrade" not in named:
        head.upgrade = b""
    head.fields = _without(kept, named)
    _check_framing(head)


def read_response(head: ResponseHead, fields: list[Field]) -> None:
    """Fill ``head`` from all its fields. Raises RefusedError when the framing is not to be trusted."""
    kept: list[Field] = []
    named: frozenset[bytes] = frozenset()
    spelled = _spelled.get
    for field in fields:
        name, value = field
        kind = spelled(name)
        if kind is None:
            kind = _kind(name)
        if not kind or (kind >= _TRACE and kind != _UPGRADE) or kind == _HOST:
            kept.append(field)
        elif kind == _LENGTH:
            head.length = _length(value, head.length)
            kept.append((name, b"%d" % head.length))
        elif kind == _CONNECTION:
            named |= _options(value)
        elif kind == _ENCODING:
            _check_encoding(value, head.chunked)
            head.chunked = True
        elif kind == _UPGRADE:
            head.upgrade = value.strip()
    head.fields = _without(kept, named)


def check_host(host: bytes) -> None:
    """Raises RefusedError unless it is a host with or without a port, or empty."""
    if not _HOST_PORT.fullmatch(host):
        raise RefusedError(Reason.BAD_REQUEST, "the authority must be HOST or HOST:PORT")
    if len(_hosts) < _MAX_HOSTS:
        _hosts.add(host)


def trailers(fields: list[Field]) -> bytes:
    """A trailer section as bytes; fields that may not appear in one are left out."""
    return b"".join(
        name + b": " + value + b"\r\n" for name, value in fields if name.lower() not in _NOT_IN_TRAILERS
    )


def _options(value: bytes) -> frozenset[bytes]:
    if value in (b"keep-alive", b"close", b"Keep-Alive"):
        return frozenset()
    return frozenset(part.strip() for part in value.lower().split(b","))


def _without(fields: list[Field], named: frozenset[bytes]) -> list[Field]:
    if named <= _PLAIN_OPTIONS:
        return fields
    return [field for field in fields if field[0].lower() not in named]


def _length(value: bytes, seen: int) -> int:
    digits = value.strip(b" \t")
    if seen >= 0 or not digits.isdigit():
        raise RefusedError(Reason.BAD_REQUEST, "Content-Length must be one unsigned number")
    return int(digits)


def _check_encoding(value: bytes, seen: bool) -> None:
    if seen:
        raise RefusedError(Reason.BAD_REQUEST, "more than one Transfer-Encoding")
    if value.strip().lower() != b"chunked":
        raise RefusedError(Reason.NOT_IMPLEMENTED, "the only Transfer-Encoding understood is chunked")


def _check_framing(head: RequestHead) -> None:
    if head.chunked and head.length >= 0:
        raise RefusedError(Reason.BAD_REQUEST, "Content-Length together with Transfer-Encoding")
    if head.chunked and head.http10:
        raise RefusedError(Reason.BAD_REQUEST, "Transfer-Encoding in an HTTP/1.0 request")
    if head.host is None and not head.http10:
        raise RefusedError(Reason.BAD_REQUEST, "no Host")
