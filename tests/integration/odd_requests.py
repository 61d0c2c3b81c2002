"""Odd requests, byte for byte: what two proxies are asked to forward to one backend.

Each is followed on its connection by ``LAST``. A proxy that accepts the odd one and agrees about
where it ends answers both and closes; one that refuses it closes; one that reads ``LAST`` as part of
the odd one, or hands the backend something that does, is found out.
"""

from typing import Final

LAST: Final = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

_GET: Final = b"GET /odd HTTP/1.1\r\nHost: a\r\n"
_POST: Final = b"POST /odd HTTP/1.1\r\nHost: a\r\n"
_CHUNKED: Final = _POST + b"Transfer-Encoding: chunked\r\n"


def _line(line: bytes, host: bytes = b"a") -> bytes:
    return line + b"\r\nHost: " + host + b"\r\n\r\n"


def _field(field: bytes) -> bytes:
    return _GET + field + b"\r\n\r\n"


def _length(value: bytes, body: bytes = b"hello") -> bytes:
    return _POST + b"Content-Length:" + value + b"\r\n\r\n" + body


def _coding(value: bytes) -> bytes:
    return _POST + b"Transfer-Encoding:" + value + b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n"


def _chunks(text: bytes) -> bytes:
    return _CHUNKED + b"\r\n" + text


FRAMING: Final = {
    "a length": _length(b" 5"),
    "a length with leading zeros": _length(b" 0005"),
    "a length with white space around": _length(b" \t5 \t"),
    "a length with a sign": _length(b" +5"),
    "a negative length": _length(b" -5"),
    "a length in hexadecimal": _length(b" 0x5"),
    "a length with a fraction": _length(b" 5.0"),
    "an empty length": _length(b""),
    "a length with digits apart": _length(b" 5 5"),
    "a length list that agrees": _length(b" 5, 5"),
    "a length list that disagrees": _length(b" 5, 6"),
    "a length past 64 bits": _length(b" 18446744073709551621"),
    "a length in other digits": _length(b" \xd9\xa5"),
    "two lengths that agree": _POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "two lengths that disagree": _POST + b"Content-Length: 5\r\nContent-Length: 4\r\n\r\nhello",
    "a length of a GET": _GET + b"Content-Length: 5\r\n\r\nhello",
    "no length at a POST": _POST + b"\r\n",
    "a length, then chunked": _POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked, then a length": _CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n",
    "chunked": _coding(b" chunked"),
    "chunked in capitals": _coding(b" CHUNKED"),
    "chunked with white space around": _coding(b" \tchunked \t"),
    "chunked after a vertical tab": _coding(b" \x0bchunked"),
    "chunked in quotes": _coding(b' "chunked"'),
    "chunked with a parameter": _coding(b" chunked;q=1"),
    "chunked twice in a list": _coding(b" chunked, chunked"),
    "chunked twice in two fields": _CHUNKED + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked, then identity": _coding(b" chunked, identity"),
    "chunked after a comma": _coding(b" ,chunked"),
    "gzip, then chunked": _coding(b" gzip, chunked"),
    "identity": _POST + b"Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello",
    "identity alone": _POST + b"Transfer-Encoding: identity\r\n\r\n",
    "xchunked": _coding(b" xchunked"),
    "an empty transfer coding": _POST + b"Transfer-Encoding:\r\n\r\n",
    "chunked at HTTP/1.0": b"POST /odd HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a transfer coding by another name": _POST + b"Transfer_Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
}

CHUNKS: Final = {
    "a chunk extension": _chunks(b"5;a=b\r\nhello\r\n0\r\n\r\n"),
    "a chunk extension in quotes": _chunks(b'5;a="b;c"\r\nhello\r\n0\r\n\r\n'),
    "a chunk extension with a bare LF": _chunks(b"5;a\nhello\r\n0\r\n\r\n"),
    "a chunk extension with a bare CR": _chunks(b"5;a\rb\r\nhello\r\n0\r\n\r\n"),
    "a chunk size with leading zeros": _chunks(b"0005\r\nhello\r\n0\r\n\r\n"),
    "a chunk size with white space after": _chunks(b"5 \r\nhello\r\n0\r\n\r\n"),
    "a chunk size with white space before": _chunks(b" 5\r\nhello\r\n0\r\n\r\n"),
    "a chunk size with a sign": _chunks(b"+5\r\nhello\r\n0\r\n\r\n"),
    "a negative chunk size": _chunks(b"-5\r\nhello\r\n0\r\n\r\n"),
    "a chunk size with 0x": _chunks(b"0x5\r\nhello\r\n0\r\n\r\n"),
    "a chunk size past 64 bits": _chunks(b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
    "an empty chunk size": _chunks(b"\r\nhello\r\n0\r\n\r\n"),
    "a chunk size ended by a bare LF": _chunks(b"5\nhello\r\n0\r\n\r\n"),
    "a chunk without its end": _chunks(b"5\r\nhello0\r\n\r\n"),
    "a chunk longer than said": _chunks(b"4\r\nhello\r\n0\r\n\r\n"),
    "a trailer": _chunks(b"5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n"),
    "a trailer that frames": _chunks(b"0\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n"),
    "a trailer that routes": _chunks(b"0\r\nhost: b\r\nx-sum: 1\r\n\r\n"),
    "a trailer that authorizes": _chunks(b"0\r\nauthorization: x\r\n\r\n"),
    "a trailer with a space before its colon": _chunks(b"0\r\nx-sum : 1\r\n\r\n"),
}

FIELDS: Final = {
    "a bare LF after a field": _GET + b"X: 1\n\r\n",
    "a bare LF at the end": _GET + b"X: 1\r\n\n",
    "a bare CR in a value": _field(b"X: a\rb"),
    "a folded field": _field(b"X: 1\r\n 2"),
    "a folded first field": b"GET /odd HTTP/1.1\r\n X: 1\r\nHost: a\r\n\r\n",
    "a space before a colon": _field(b"X : 1"),
    "no colon": _field(b"X"),
    "no name": _field(b": 1"),
    "an empty value": _field(b"X:"),
    "a NUL in a value": _field(b"X: a\0b"),
    "a NUL in a name": _field(b"X\0Y: 1"),
    "a control character in a value": _field(b"X: a\x01b"),
    "DEL in a value": _field(b"X: a\x7fb"),
    "a tab in a value": _field(b"X: a\tb"),
    "Latin-1 in a value": _field(b"X: caf\xe9"),
    "UTF-8 in a value": _field("X: café".encode()),
    "Latin-1 in a name": _field(b"caf\xe9: 1"),
    "a space in a name": _field(b"X Y: 1"),
    "parentheses in a name": _field(b"(X): 1"),
    "odd token characters in a name": _field(b"!#$%&'*+-.^_`|~9: 1"),
    "an underscore in a name": _field(b"x_y: 1"),
    "a field twice": _field(b"X: 1\r\nX: 2"),
    "a field of 70 KB": _field(b"X: " + b"y" * 70000),
    "a name of 70 KB": _field(b"X" * 70000 + b": 1"),
    "200 fields": _field(b"\r\n".join(b"X-%d: 1" % n for n in range(200))),
    "a connection option named": _field(b"Connection: X-Hop\r\nX-Hop: 1\r\nX-Kept: 1"),
    "a connection option that frames": (
        _POST + b"Connection: content-length, x\r\nContent-Length: 5\r\n\r\nhello"
    ),
    "a connection option that routes": _field(b"Connection: host"),
    "hop-by-hop fields": _field(b"Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: gzip"),
    "TE: trailers": _field(b"Connection: TE\r\nTE: trailers"),
    "credentials for a proxy": _field(b"Proxy-Authorization: Basic eA=="),
    "Expect: 100-continue": _POST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
    "an unknown expectation": _POST + b"Expect: magic\r\nContent-Length: 5\r\n\r\nhello",
    "an upgrade that is declined": _field(b"Connection: upgrade\r\nUpgrade: websocket"),
    "an upgrade to h2c": _field(
        b"Connection: upgrade, http2-settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk"
    ),
    "an upgrade without its connection option": _field(b"Upgrade: websocket"),
}

LINES: Final = {
    "HTTP/0.9": b"GET /odd\r\n",
    "HTTP/1.0": b"GET /odd HTTP/1.0\r\n\r\n",
    "HTTP/1.0 with Host": b"GET /odd HTTP/1.0\r\nHost: a\r\n\r\n",
    "HTTP/1.0 that stays": b"GET /odd HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
    "HTTP/1.2": _line(b"GET /odd HTTP/1.2"),
    "HTTP/2.0": _line(b"GET /odd HTTP/2.0"),
    "a version in lower case": _line(b"GET /odd http/1.1"),
    "a version of other digits": _line(b"GET /odd HTTP/1.01"),
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a TLS greeting": bytes.fromhex("16030100050100000100") + b"\r\n\r\n",
    "an empty line before": b"\r\n" + _line(b"GET /odd HTTP/1.1"),
    "white space before the method": _line(b" GET /odd HTTP/1.1"),
    "two spaces before the target": _line(b"GET  /odd HTTP/1.1"),
    "two spaces before the version": _line(b"GET /odd  HTTP/1.1"),
    "a tab for a space": _line(b"GET\t/odd HTTP/1.1"),
    "a space in the target": _line(b"GET /odd way HTTP/1.1"),
    "white space after the version": _line(b"GET /odd HTTP/1.1 "),
    "a bare LF after the first line": b"GET /odd HTTP/1.1\nHost: a\r\n\r\n",
    "no Host": b"GET /odd HTTP/1.1\r\n\r\n",
    "an empty Host": _line(b"GET /odd HTTP/1.1", b""),
    "two Hosts that agree": b"GET /odd HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "two Hosts that disagree": b"GET /odd HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "a Host with a path": _line(b"GET /odd HTTP/1.1", b"a/b"),
    "a Host with a space": _line(b"GET /odd HTTP/1.1", b"a b"),
    "a Host with a user": _line(b"GET /odd HTTP/1.1", b"user@a"),
    "a Host with a bad port": _line(b"GET /odd HTTP/1.1", b"a:x"),
    "a Host in capitals": _line(b"GET /odd HTTP/1.1", b"Shop.EXAMPLE:80"),
    "a lower-case method": _line(b"get /odd HTTP/1.1"),
    "an unknown method": _line(b"BREW /odd HTTP/1.1"),
    "a method with odd bytes": _line(b"GE(T /odd HTTP/1.1"),
    "CONNECT": _line(b"CONNECT b:80 HTTP/1.1", b"b:80"),
    "TRACE": _line(b"TRACE /odd HTTP/1.1"),
    "OPTIONS of a server": _line(b"OPTIONS * HTTP/1.1"),
    "OPTIONS of a server in absolute form": _line(b"OPTIONS http://a HTTP/1.1"),
    "OPTIONS of a path in absolute form": _line(b"OPTIONS http://a/ HTTP/1.1"),
    "a Host with a dot at its end": _line(b"GET /odd HTTP/1.1", b"a."),
    "a Host with an empty port": _line(b"GET /odd HTTP/1.1", b"a:"),
    "a Host with a zone": _line(b"GET /odd HTTP/1.1", b"[fe80::1%25eth0]:80"),
    "a Host with an escape": _line(b"GET /odd HTTP/1.1", b"r%61tings"),
    "an asterisk at a GET": _line(b"GET * HTTP/1.1"),
    "absolute form": _line(b"GET http://a/odd HTTP/1.1"),
    "absolute form against Host": _line(b"GET http://b:81/odd HTTP/1.1"),
    "absolute form without a path": _line(b"GET http://b?q=1 HTTP/1.1"),
    "absolute form with a user": _line(b"GET http://user@b/odd HTTP/1.1"),
    "absolute form without an authority": _line(b"GET http:///odd HTTP/1.1"),
    "absolute form of https": _line(b"GET https://a/odd HTTP/1.1"),
    "absolute form of ftp": _line(b"GET ftp://a/odd HTTP/1.1"),
    "authority form at a GET": _line(b"GET b:80 HTTP/1.1"),
    "a target without a slash": _line(b"GET odd HTTP/1.1"),
    "a fragment": _line(b"GET /odd#part HTTP/1.1"),
    "two slashes": _line(b"GET //odd//way HTTP/1.1"),
    "dot segments": _line(b"GET /a/../odd/./b HTTP/1.1"),
    "escaped slashes and dots": _line(b"GET /a%2f%2e%2e%5codd HTTP/1.1"),
    "a broken escape": _line(b"GET /odd%zz%4 HTTP/1.1"),
    "an escaped NUL": _line(b"GET /odd%00 HTTP/1.1"),
    "a backslash": _line(b"GET /a\\odd HTTP/1.1"),
    "odd bytes of a query": _line(b'GET /odd?a[]={"|"}^`<> HTTP/1.1'),
    "UTF-8 in the target": _line("GET /é HTTP/1.1".encode()),
    "a control character in the target": _line(b"GET /o\x01dd HTTP/1.1"),
    "a NUL in the target": _line(b"GET /o\0dd HTTP/1.1"),
    "a target of 20 KB": _line(b"GET /" + b"y" * 20000 + b" HTTP/1.1"),
}

ANSWERS: Final = {
    "HEAD": _line(b"HEAD /odd HTTP/1.1"),
    "HEAD of a chunked answer": _line(b"HEAD /chunked HTTP/1.1"),
    "an answer in chunks": _line(b"GET /chunked HTTP/1.1"),
    "an answer with a trailer": _line(b"GET /trailer HTTP/1.1"),
    "an answer of 204": _line(b"GET /204 HTTP/1.1"),
    "an answer of 304": _line(b"GET /304 HTTP/1.1"),
    "an answer of 304 with a length": _line(b"GET /304-length HTTP/1.1"),
    "an answer that ends with its connection": _line(b"GET /close HTTP/1.1"),
    "an answer after early hints": _line(b"GET /103 HTTP/1.1"),
    "an answer with two lengths": _line(b"GET /two-lengths HTTP/1.1"),
    "an answer with a length and chunks": _line(b"GET /both HTTP/1.1"),
    "an answer with a bare LF": _line(b"GET /lf HTTP/1.1"),
    "an answer with a folded field": _line(b"GET /folded HTTP/1.1"),
    "an answer with a NUL": _line(b"GET /nul HTTP/1.1"),
    "an answer followed by more": _line(b"GET /more HTTP/1.1"),
    "an answer of 101 not asked for": _line(b"GET /101 HTTP/1.1"),
    "an answer cut in its body": _line(b"GET /cut HTTP/1.1"),
    "pipelining": _line(b"GET /1 HTTP/1.1") + _line(b"POST /2 HTTP/1.1") + _line(b"HEAD /3 HTTP/1.1"),
    "pipelining with a bad second": _line(b"GET /1 HTTP/1.1") + b"GET /2 HTTP/1.1\r\nX : 1\r\n\r\n",
    "pipelining after a close": _GET + b"Connection: close\r\n\r\n" + _line(b"GET /after HTTP/1.1"),
}

ODD: Final = {**FRAMING, **CHUNKS, **FIELDS, **LINES, **ANSWERS}
