"""The application of the soak: answers by path, and misbehaves where the path says so."""

import asyncio
import contextlib

from tests.bench.process import reset
from tests.proxy.rig import read_body

LARGE = 4 << 20
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
_PIECE = bytes(1 << 16)
_BEGUN = b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\npart"
_CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-sum: 1\r\n\r\n"
_SIMPLE = {
    b"/chunked": _CHUNKED,
    b"/204": b"HTTP/1.1 204 No Content\r\n\r\n",
    b"/hints": b"HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n" + OK,
    b"/fail": b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n",
    b"/bad": b"HTTP/1.1 200 OK\r\ncontent-length: one\r\n\r\n",
    b"/leave": OK,
    b"/reset": b"",
    b"/cut": _BEGUN,
    b"/stream": _BEGUN,
}
_ENDS = frozenset({b"/bad", b"/leave", b"/reset", b"/cut"})


async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ", 2)[1]
        await read_body(head, reader)
        if path == b"/ws":
            writer.write(b"HTTP/1.1 101 Switching\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n")
            while piece := await reader.read(4096):
                writer.write(piece)
            return
        if path == b"/slow":
            await asyncio.sleep(0.05)
        if path == b"/large":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % LARGE)
            for _ in range(LARGE // len(_PIECE)):
                writer.write(_PIECE)
                await writer.drain()
            continue
        answer = _SIMPLE.get(path, OK)
        if head.startswith(b"HEAD"):
            answer = answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        writer.write(answer)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        if path in _ENDS:
            if path == b"/reset":
                reset(writer)
            return
