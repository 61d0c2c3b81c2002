"""Where the sidecar and Envoy 1.40 part, and why ours is right to.

A side is described by the answers to its client (status classes in order; ``open``, ``closed``)
and the number of requests that reached the backend: ``4xx 2xx > 1``. Where these are the same on
both sides and only the bytes at the backend differ, it is described by those that only it sent.
"""

from dataclasses import dataclass
from typing import Final

from tests.integration.recording import Outcome


@dataclass(frozen=True)
class Difference:
    """One way in which the two differ, at all the odd requests of these ``names``."""

    ours: str
    envoy: str
    why: str
    names: tuple[str, ...]


def described(one: Outcome, other: Outcome) -> str:
    """One side of a difference, as written in the table."""
    here, there = (f"{each.answers} > {len(each.arrived)}" for each in (one, other))
    if here != there:
        return here
    return " | ".join(request for request in one.arrived if request not in other.arrived)


_STRICT = "4xx > 0"
_BOTH = "2xx 2xx > 2"

DIFFERENCES: Final = (
    Difference(
        _STRICT,
        _BOTH,
        "RFC 9112 lets a recipient take these for what was probably meant. Two that"
        " guess differently are how a request is smuggled, so nothing is guessed: llhttp in strict mode.",
        (
            "a bare LF after a field",
            "a bare LF at the end",
            "a bare LF after the first line",
            "a bare CR in a value",
            "a folded field",
            "white space after the version",
            "chunked with white space around",
            "a chunk size with white space after",
            "a chunk longer than said",
        ),
    ),
    Difference(
        _STRICT,
        _BOTH,
        "A server must answer 400 to more than one Host (RFC 9112, 3.2); Envoy joins"
        " them with a comma, which is no host at all.",
        ("two Hosts that agree", "two Hosts that disagree"),
    ),
    Difference(
        _STRICT,
        _BOTH,
        "Host is a host and a port (RFC 9110, 7.2); a user in front of it is how a name"
        " is made to look like another (RFC 9110, 4.2.4).",
        ("a Host with a user", "a Host with a bad port", "absolute form with a user"),
    ),
    Difference(
        _STRICT,
        _BOTH,
        "A trailer may not frame a message that is already framed (RFC 9110, 6.5.1).",
        ("a trailer that frames",),
    ),
    Difference(
        _STRICT,
        _BOTH,
        "A limit of ours, 16 KB; Envoy has one for the head as a whole.",
        ("a target of 20 KB",),
    ),
    Difference(
        _STRICT,
        "2xx > 1",
        "HTTP/1.0 knows no Transfer-Encoding: who follows it and who does not see"
        " different ends (RFC 9112, 6.1).",
        ("chunked at HTTP/1.0",),
    ),
    Difference(
        _STRICT,
        "2xx > 1",
        "Neither HTTP/1.0 nor 1.1. Envoy takes all of these for HTTP/1.0.",
        ("HTTP/0.9", "HTTP/1.2", "HTTP/2.0"),
    ),
    Difference(
        _STRICT,
        "closed > 0",
        "Envoy sees that HTTP/2 is spoken and closes without a word; ours says so.",
        ("the preface of HTTP/2",),
    ),
    Difference(
        _STRICT,
        "4xx > 1",
        "Both refuse. Envoy has sent the head on when it comes to the bad chunk; ours"
        " had both in one read and sent nothing.",
        (
            "a chunk extension with a bare LF",
            "a chunk size with white space before",
            "a negative chunk size",
            "a chunk size past 64 bits",
            "a chunk size ended by a bare LF",
            "a trailer with a space before its colon",
        ),
    ),
    Difference(
        _STRICT,
        "5xx > 0",
        "Both refuse. Two codings of which one is chunked are a contradiction (400),"
        " a coding not known is not implemented (501); Envoy says 501 to all.",
        (
            "chunked twice in a list",
            "chunked twice in two fields",
            "chunked, then identity",
            "an empty transfer coding",
        ),
    ),
    Difference(
        "5xx > 0",
        "4xx > 0",
        "Both refuse. A method that is not known is not implemented (RFC 9110,"
        " 9.1: 501); Envoy says 400, and to CONNECT, which only ends at an outbound sidecar, 404.",
        (
            "a lower-case method",
            "an unknown method",
            "a method with odd bytes",
            "a TLS greeting",
            "white space before the method",
            "CONNECT",
        ),
    ),
    Difference(
        "5xx > 0",
        _BOTH,
        "A method ends at a space, and GET with a tab behind it is none that is known.",
        ("a tab for a space",),
    ),
    Difference(
        "5xx 2xx > 1",
        _BOTH,
        "What arrives here is not TLS; who asks for https is at the wrong place (RFC 9110, 7.4).",
        ("absolute form of https",),
    ),
    Difference(
        "5xx 2xx > 1",
        "4xx > 0",
        "Both refuse; the connection is in order, so ours keeps it.",
        ("absolute form of ftp",),
    ),
    Difference(
        _BOTH,
        "4xx 2xx > 1",
        "Both are correct targets (RFC 9112, 3.2.4 and 3.2.2), which Envoy refuses.",
        ("OPTIONS of a server", "absolute form without a path"),
    ),
    Difference(
        "OPTIONS * HTTP/1.1 host:a",
        "OPTIONS / HTTP/1.1 content-length:0 host:a",
        "An address alone asks for the options of the server (RFC 9112, 3.2.4), and nothing needs a length.",
        ("OPTIONS of a server in absolute form",),
    ),
    Difference(
        "OPTIONS / HTTP/1.1 host:a",
        "OPTIONS / HTTP/1.1 content-length:0 host:a",
        "A request without a body needs no length (RFC 9110, 8.6).",
        ("OPTIONS of a path in absolute form",),
    ),
    Difference(
        _BOTH,
        "4xx > 0",
        "An option that names what is no hop-by-hop field is ignored (RFC 9110, 7.6.1).",
        ("a connection option that routes",),
    ),
    Difference(
        "POST /odd HTTP/1.1 content-length:5 host:a hello",
        "POST /odd HTTP/1.1 host:a transfer-encoding:chunked hello",
        "As before: the length stays as it came. Envoy takes it out and frames anew.",
        ("a connection option that frames",),
    ),
    Difference(
        "POST /odd HTTP/1.1 content-length:5 host:a hello",
        "POST /odd HTTP/1.1 content-length:0005 host:a hello",
        "The number is written anew, so that no backend can read it as octal.",
        ("a length with leading zeros",),
    ),
    Difference(
        "POST /odd HTTP/1.1 host:a",
        "POST /odd HTTP/1.1 content-length:0 host:a",
        "A request without a length has no body (RFC 9112, 6.3) and is sent as it came.",
        ("no length at a POST",),
    ),
    Difference(
        "POST /2 HTTP/1.1 host:a",
        "POST /2 HTTP/1.1 content-length:0 host:a",
        "As before: a POST without a length.",
        ("pipelining",),
    ),
    Difference(
        "POST /odd HTTP/1.1 host:a transfer-encoding:chunked +x-sum:1",
        "POST /odd HTTP/1.1 host:a transfer-encoding:chunked +host:b+x-sum:1",
        "A trailer may not route (RFC 9110, 6.5.1): left out, the others pass.",
        ("a trailer that routes",),
    ),
    Difference(
        "POST /odd HTTP/1.1 host:a transfer-encoding:chunked",
        "POST /odd HTTP/1.1 host:a transfer-encoding:chunked +authorization:x",
        "A trailer may not authorize (RFC 9110, 6.5.1).",
        ("a trailer that authorizes",),
    ),
    Difference(
        "GET /odd HTTP/1.1 host:",
        "GET /odd HTTP/1.1 host:none",
        "HTTP/1.0 without Host: an empty one (RFC 9112, 3.2); Envoy must be told a name to make up.",
        ("HTTP/1.0",),
    ),
    Difference(
        _BOTH,
        "2xx > 1",
        "A declined upgrade was an ordinary request, and its connection goes on;"
        " Envoy reads no more from it.",
        ("an upgrade that is declined",),
    ),
    Difference(
        "5xx 2xx > 2",
        _BOTH,
        "An answer is read as strictly as a request: 502.",
        ("an answer with a bare LF", "an answer with a folded field"),
    ),
    Difference(
        "5xx 2xx > 2",
        "1xx 2xx > 2",
        "Nobody asked for another protocol: 502. Passed on, the client would take what follows for it.",
        ("an answer of 101 not asked for",),
    ),
)
