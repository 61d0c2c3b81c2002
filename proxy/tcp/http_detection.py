"""The detection of HTTP/1.x by the first bytes of a client. Pure.

Only what this sidecar can handle on an intercepted connection counts: a known method and a target
that is a path. A request for another proxy (CONNECT, an absolute target) passes as it is, like TLS,
HTTP/2 and everything else.
"""

from typing import Final

# RFC 9110 and the registry's methods that reach applications (WebDAV, PATCH, QUERY, PURGE).
_METHODS: Final = (
    b"GET",
    b"POST",
    b"PUT",
    b"HEAD",
    b"DELETE",
    b"PATCH",
    b"OPTIONS",
    b"TRACE",
    b"PROPFIND",
    b"PROPPATCH",
    b"MKCOL",
    b"COPY",
    b"MOVE",
    b"LOCK",
    b"UNLOCK",
    b"SEARCH",
    b"REPORT",
    b"MKACTIVITY",
    b"CHECKOUT",
    b"MERGE",
    b"BIND",
    b"REBIND",
    b"UNBIND",
    b"ACL",
    b"MKCALENDAR",
    b"LINK",
    b"UNLINK",
    b"SUBSCRIBE",
    b"UNSUBSCRIBE",
    b"NOTIFY",
    b"PURGE",
    b"QUERY",
)
_STARTS: Final = (*(method + b" /" for method in _METHODS), b"OPTIONS *")
_LONGEST: Final = max(map(len, _STARTS))


def speaks_http(data: bytes) -> bool | None:
    """Return True if a client that begins with ``data`` speaks HTTP/1.x; None when more bytes are needed."""
    start = data[: 2 * _LONGEST].lstrip(b"\r\n")  # empty lines before a request are ignored (RFC 9112, 2.2)
    if start.startswith(_STARTS):
        return True
    if len(data) >= 2 * _LONGEST:
        return False
    if any(known.startswith(start) for known in _STARTS):
        return None
    return False
