"""Header fields of HTTP/1: one pass finds what frames a message, what is ours, and what is forwarded. Pure.

Sources: RFC 9110 section 7.6.1 (hop-by-hop fields), RFC 9112 section 6 (framing). Fields that
belong to one hop are left out of ``fields``; everything else keeps its order, case and bytes.
"""

import re
from typing import Final

from proxy.contract import attributes
from proxy.errors import Reason, RefusedError
from proxy.http.messages import Field, RequestHead, ResponseHead

_HOP: Final = 1
_CONNECTION: Final = 2
_LENGTH: Final = 3
_ENCODING: Final = 4
_HOST: Final = 5
_TRACE: Final = 6
_CALLER: Final = 7
_UPGRADE: Final = 8
_B3: Final = 9
_KEEP_ALIVE: Final = 10
_IDENTITY: Final = 11
_TE: Final = 12

_KINDS: Final[dict[bytes, int]] = {
    b"connection": _CONNECTION,
    b"proxy-connection": _HOP,
    b"keep-alive": _KEEP_ALIVE,
    b"te": _TE,
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
    b"x-b3-parentspanid": _B3,
    b"x-b3-sampled": _B3,
    b"x-b3-flags": _B3,
    b"authorization": _IDENTITY,
    b"proxy-authorization": _IDENTITY,
    b"www-authenticate": _IDENTITY,
    b"proxy-authenticate": _IDENTITY,
    b"persistent-auth": _IDENTITY,
    b"proxy-support": _IDENTITY,
    attributes.CALLER_HEADER.encode(): _CALLER,
}
# Fields of requests that mean nothing in a response. They pass, as any unknown field does.
_MEANINGLESS: Final = frozenset({_HOST, _TRACE, _CALLER, _B3})
# Kinds by the name as it was spelled, so that a known spelling costs one look-up.
_spelled: dict[bytes, int] = dict(_KINDS)
# Clients choose field names, so both caches are bounded; past the bound a name is only slower.
_MAX_SPELLED: Final = 4096
# RFC 9112, 3.2: a Host that is no host and port is refused, whoever might read something into it.
_HOST_PORT: Final = re.compile(rb"(?:[\w.~!$&'()*+,;=%-]*|\[[\w:.]+(?:%[\w.~%-]+)?\])(?::\d{0,5})?")
_hosts: set[bytes] = set()
_MAX_HOSTS: Final = 4096
# The schemes that authenticate a connection instead of a request, as credentials and as challenges, and the
# words by which servers say that they remember a connection (Persistent-Auth: true; Proxy-Support). Looked
# for in all of these fields alike: a false match costs a connection its place in the pool, a miss would
# lend somebody's identity.
_CONNECTION_BOUND: Final = re.compile(
    rb"(?i)[ \t]*(?:ntlm|negotiate|gss-negotiate|gssapi|spnego|nego2|kerberos|credssp|pku2u|livessp|schannel"
    rb"|true|session-based-authentication)(?=[ \t;]|$)"
)
# Never accepted in a trailer section: they would reframe or reroute a message already under way.
_NOT_IN_TRAILERS: Final = frozenset({*_KINDS, b"trailer", b"expect", b"set-cookie"})
# In place of a traceparent: no reader takes it for one.
_SEVERAL: Final = b"-"
# The options of Connection that name no field worth looking for.
_PLAIN_OPTIONS: Final = frozenset({b"close", b"keep-alive", b""})


def _kind(name: bytes) -> int:
    kind = _KINDS.get(name.lower(), 0)
    if len(_spelled) < _MAX_SPELLED:
        _spelled[name] = kind
    return kind


def read_request(head: RequestHead, fields: list[Field]) -> bytes:
    """Fill ``head``, whose version is set, from all its fields and return the value of Host.

    Raises RefusedError for what would be ambiguous to forward: two readers of it could see two different
    requests, which is how requests are smuggled (RFC 9112, 11.2).
    """
    host: bytes | None = None
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
            if host is not None:
                raise RefusedError(Reason.BAD_REQUEST, "more than one Host")
            host = value.rstrip()
            if host not in _hosts:
                check_host(host)
        elif kind == _CONNECTION:
            named |= _options(value)
        elif kind == _TRACE:
            if name.lower() == b"tracestate":
                # Several tracestate fields are one list, in their order (W3C trace context, 3.3).
                head.tracestate = head.tracestate + b"," + value if head.tracestate else value
            else:
                # Several traceparents are as good as none (W3C trace context, 3.2), also three of them.
                head.traceparent = _SEVERAL if head.traceparent else value.strip()
        elif kind == _LENGTH:
            head.length = _length(value, head.length)
        elif kind == _ENCODING:
            _check_encoding(value, head.unsized)
            head.unsized = True
        elif kind == _UPGRADE:
            head.upgrade = value.strip()
        elif kind == _TE:
            # The one member that concerns more than this hop: trailers are passed on, and servers send them
            # to who asks (RFC 9110, 10.1.4 and 6.5.1). HTTP/1.0 has no chunks to carry them.
            if head.version != b"1.0" and b"trailers" in map(bytes.strip, value.lower().split(b",")):
                head.trailers = True
        elif kind == _CALLER:
            head.caller = value.strip()
        elif kind == _B3:
            # Of several fields the first counts, which is also what applications read.
            head.b3 = {name.lower(): value.strip(), **(head.b3 or {})}
        elif kind == _IDENTITY:
            kept.append(field)
            # Credentials name one scheme, at their start: a long token is not searched.
            if _CONNECTION_BOUND.match(value):
                head.identity = True
    if head.upgrade and b"upgrade" not in named:
        head.upgrade = b""  # RFC 9110, 7.8: without its connection option it was meant for another hop
    head.fields = _without(kept, named) if named else kept
    if head.unsized or host is None:
        _check_framing(head, host)
    return host or b""


def read_response(head: ResponseHead, fields: list[Field]) -> bool:
    """Fill ``head`` from all its fields and return True if the body comes in chunks.

    Raises RefusedError when the framing is not to be trusted.
    """
    chunked = False
    kept: list[Field] = []
    named: frozenset[bytes] = frozenset()
    spelled = _spelled.get
    for field in fields:
        name, value = field
        kind = spelled(name)
        if kind is None:
            kind = _kind(name)
        if not kind or kind in _MEANINGLESS:
            kept.append(field)
        elif kind == _LENGTH:
            head.length = _length(value, head.length)
            # Written anew: "005" must not reach a client that could read it in another way. A response to
            # HEAD needs the field although no body follows (RFC 9110, 9.3.2).
            kept.append((name, b"%d" % head.length))
        elif kind == _CONNECTION:
            named |= _options(value)
        elif kind == _ENCODING:
            _check_encoding(value, chunked)
            chunked = True
        elif kind == _UPGRADE:
            head.upgrade = value.strip()
        elif kind == _KEEP_ALIVE:
            head.keep_alive = head.keep_alive + b"," + value if head.keep_alive else value
        elif kind == _IDENTITY:
            kept.append(field)
            if any(map(_CONNECTION_BOUND.match, value.split(b","))):
                head.identity = True
    head.fields = _without(kept, named) if named else kept
    return chunked


def check_host(host: bytes) -> None:
    """Raise RefusedError unless it is a host with or without a port, or empty."""
    if not _HOST_PORT.fullmatch(host):
        raise RefusedError(Reason.BAD_REQUEST, "the authority must be HOST or HOST:PORT")
    if len(_hosts) < _MAX_HOSTS:
        _hosts.add(host)


def trailers(fields: list[Field]) -> list[Field]:
    """Return the fields that may appear in a trailer section; others are left out (RFC 9110, 6.5.1)."""
    return [field for field in fields if field[0].lower() not in _NOT_IN_TRAILERS]


def _options(value: bytes) -> frozenset[bytes]:
    # Nearly every request has one of these: spare it the split and the set.
    if value in (b"keep-alive", b"close", b"Keep-Alive"):
        return frozenset()
    # A field that Connection names belongs to this hop only and is removed (RFC 9110, 7.6.1).
    return frozenset(part.strip() for part in value.lower().split(b","))


def _without(fields: list[Field], named: frozenset[bytes]) -> list[Field]:
    if named <= _PLAIN_OPTIONS:
        return fields
    return [field for field in fields if field[0].lower() not in named]


def _length(value: bytes, seen: int) -> int:
    digits = value.strip(b" \t")
    # Also two equal lengths are refused, though RFC 9112, 6.3 would allow them to be merged: a client that
    # sends two is broken or hostile.
    if seen >= 0 or not digits.isdigit():
        raise RefusedError(Reason.BAD_REQUEST, "Content-Length must be one unsigned number")
    return int(digits)


def _check_encoding(value: bytes, seen: bool) -> None:
    if seen:
        raise RefusedError(Reason.BAD_REQUEST, "more than one Transfer-Encoding")
    if value.strip().lower() != b"chunked":
        raise RefusedError(Reason.NOT_IMPLEMENTED, "the only Transfer-Encoding understood is chunked")


def _check_framing(head: RequestHead, host: bytes | None) -> None:
    http10 = head.version == b"1.0"
    # The classic smuggling vector (CL.TE): RFC 9112, 6.3 permits to prefer the chunks, refusing is safer.
    if head.unsized and head.length >= 0:
        raise RefusedError(Reason.BAD_REQUEST, "Content-Length together with Transfer-Encoding")
    if head.unsized and http10:
        raise RefusedError(Reason.BAD_REQUEST, "Transfer-Encoding in an HTTP/1.0 request")
    if host is None and not http10:
        raise RefusedError(Reason.BAD_REQUEST, "no Host")
