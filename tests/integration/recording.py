"""A backend that keeps the bytes it was sent, and a client that reads what it gets to the end."""

import asyncio
import re
from dataclasses import dataclass, field
from typing import Final

OK: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
_CHUNKED: Final = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n"
ANSWERS: Final = {
    b"/chunked": _CHUNKED + b"\r\n",
    b"/trailer": _CHUNKED + b"x-sum: 1\r\n\r\n",
    b"/204": b"HTTP/1.1 204 No Content\r\n\r\n",
    b"/304": b"HTTP/1.1 304 Not Modified\r\n\r\n",
    b"/304-length": b"HTTP/1.1 304 Not Modified\r\ncontent-length: 2\r\n\r\n",
    b"/close": b"HTTP/1.1 200 OK\r\n\r\nok",
    b"/103": b"HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n" + OK,
    b"/two-lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok!",
    b"/both": b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n" + _CHUNKED.partition(b"\r\n")[2] + b"\r\n",
    b"/lf": b"HTTP/1.1 200 OK\ncontent-length: 2\n\nok",
    b"/folded": b"HTTP/1.1 200 OK\r\nx: 1\r\n 2\r\ncontent-length: 2\r\n\r\nok",
    b"/nul": b"HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 2\r\n\r\nok",
    b"/more": OK + b"HTTP/1.1 299 Poison\r\ncontent-length: 0\r\n\r\n",
    b"/101": b"HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
    b"/cut": b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok",
}
_ENDS: Final = frozenset({b"/close", b"/cut"})
_STATUS: Final = re.compile(rb"HTTP/1\.[01] (\d)\d\d ")


@dataclass
class Backend:
    """Frames requests by the letter of RFC 9112, with no leniency; what it cannot frame it keeps raw."""

    arrived: list[str] = field(default_factory=list)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError as rest:
                if rest.partial:
                    self.arrived.append(f"raw {rest.partial!r}")
                return
            lines = head[:-4].split(b"\r\n")
            split = [line.partition(b":") for line in lines[1:]]
            fields = [(name.lower(), value.strip()) for name, _, value in split]
            place = len(self.arrived)
            self.arrived.append(_shown(lines[0], fields) + " …")
            if (b"expect", b"100-continue") in fields:
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = await _body(dict(fields), reader)
            self.arrived[place] = f"{_shown(lines[0], fields)} {body.decode('latin-1')}".rstrip()
            path = lines[0].split(b" ")[1]
            answer = ANSWERS.get(path, OK)
            if lines[0].startswith(b"HEAD"):
                answer = answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            writer.write(answer)
            await writer.drain()
            if path in _ENDS:
                return


async def _body(fields: dict[bytes, bytes], reader: asyncio.StreamReader) -> bytes:
    """The body as it is seen by whoever trusts the framing; trailers behind a ``+``."""
    if fields.get(b"transfer-encoding") != b"chunked":
        return await reader.readexactly(int(fields.get(b"content-length", b"0")))
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
        body += (await reader.readexactly(size + 2))[:-2]
    while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
        body += b"+" + line.strip().lower().replace(b": ", b":")
    return body


# What each proxy adds of its own, and what only describes the hop.
_OWN: Final = re.compile(rb"x-envoy-.*|x-forwarded-proto|x-request-id|traceparent|tracestate|connection")


def _shown(line: bytes, fields: list[tuple[bytes, bytes]]) -> str:
    """First line and end-to-end fields, sorted by name: their case and place are no difference.

    A long value is shown by its length.
    """
    kept = [
        (name, value if len(value) < 100 else b"%d B" % len(value))
        for name, value in fields
        if not _OWN.fullmatch(name)
    ]
    words = [line if len(line) < 200 else b"%d B" % len(line)]
    words += [name + b":" + value for name, value in sorted(kept, key=lambda f: f[0])]
    return b" ".join(words).decode("latin-1")


@dataclass(frozen=True)
class Outcome:
    """Status classes a client was answered with (``open`` when the connection was left open), and
    the requests that reached the backend."""

    answers: str
    arrived: tuple[str, ...]


async def outcome(port: int, sent: bytes, backend: Backend, patience: float = 0.7) -> Outcome:
    """Send raw bytes through the proxy at ``port`` and see what comes of them at either end."""
    backend.arrived.clear()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    got, ended = b"", False
    try:
        writer.write(sent)
        async with asyncio.timeout(patience):
            while piece := await reader.read(65536):
                got += piece
        ended = True
    except TimeoutError:
        pass
    except OSError:
        ended = True
    finally:
        writer.transport.abort()
    classes = [f"{m[1].decode()}xx" for m in _STATUS.finditer(got)] + ([] if ended else ["open"])
    # What a proxy forwarded before it closed is in the backend's socket by now: let it be read.
    for _ in range(20):
        await asyncio.sleep(0.001)
    return Outcome(" ".join(classes) or "closed", tuple(backend.arrived))
