"""The list of tracestate, read from a request and cut to the length that is passed on. Pure.

Sources: W3C Trace Context, 3.3 (tracestate); OpenTelemetry "TraceState: probability sampling" (``ot``).
"""

import re
from typing import Final

MAX_LENGTH: Final = 512  # characters; W3C 3.3.1.5: at least these should be propagated
_MAX_MEMBERS: Final = 32  # W3C 3.3.1.1
_KEY: Final = rb"(?:[a-z0-9][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})"
# Visible ASCII and inner spaces, but neither "," nor "=".
_VALUE: Final = rb"[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
_MEMBER: Final = re.compile(rb"(%b)=%b" % (_KEY, _VALUE))
_OTEL: Final = b"ot"


def read_state(value: bytes) -> bytes:
    """Return the list that is passed on and recorded for the ``value`` of tracestate: valid ASCII, bounded.

    A list with a malformed member, or with more than 32, is dropped, as W3C asks (3.3.1, 4.3); of members
    with one key the first is kept, which is the newest. A list that is too long loses whole members from its
    end. OpenTelemetry's member stays in either case: it says how many requests a kept one stands for.
    """
    # One member is what a sidecar sends, so nearly every request of a mesh comes with it.
    if len(value) <= MAX_LENGTH and _MEMBER.fullmatch(value):
        return value
    members: dict[bytes, bytes] = {}
    valid, count = True, 0
    for text in value.split(b","):
        member = text.strip(b" \t")
        if not member:  # W3C 3.3.1.1: empty members are allowed, and carry nothing
            continue
        count += 1
        match = _MEMBER.fullmatch(member)
        if match is None:
            valid = False
        else:
            members.setdefault(match[1], member)
    if not valid or count > _MAX_MEMBERS:
        return members.get(_OTEL, b"")
    return _shorten(members)


def _shorten(members: dict[bytes, bytes]) -> bytes:
    length = sum(map(len, members.values())) + len(members) - 1
    for key in reversed(list(members)):
        if length <= MAX_LENGTH:
            break
        if key != _OTEL:
            length -= len(members.pop(key)) + 1
    return b",".join(members.values())
