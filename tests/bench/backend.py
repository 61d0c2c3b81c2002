"""The cheapest HTTP/1.1 backend at hand: answers /SIZE with SIZE bytes, /count with their number.

``python -m tests.bench.backend PORT``
"""

import asyncio
import sys
from typing import cast

import httptools
import uvloop


class Backend(asyncio.Protocol):
    """Answers every request at once on a kept connection."""

    transport: asyncio.Transport
    answered = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        path = url.rpartition(b"/")[2]
        self.size = -1 if path == b"count" else int(path or 0)

    def on_message_complete(self) -> None:
        if self.size < 0:
            number = b"%d" % Backend.answered
            self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(number) + number)
            return
        Backend.answered += 1
        head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % self.size
        self.transport.write(head + b"x" * self.size)


async def serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Backend, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
