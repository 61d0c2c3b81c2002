"""The admin port: /ready as text, /stats and /config as JSON, /metrics for Prometheus. Off the hot path."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from proxy.control.prometheus import prometheus

_MAX_HEAD: Final = 16384  # bytes
_TIMEOUT: Final = 5.0  # seconds for one request
_PATHS: Final = "/ready, /stats, /config, /metrics"

Stats = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Admin:
    """The pages of the admin port. ``stats`` is flat but for ``endpoints`` and ``refused``.

    ``missing`` returns what keeps the sidecar from being ready, empty when it is. ``config`` is shown with
    the ``ports`` that were bound: a configured port may be 0.
    """

    missing: Callable[[], str]
    stats: Callable[[], Stats]
    config: Mapping[str, object]
    ports: Mapping[str, int]

    def protocol(self) -> asyncio.StreamReaderProtocol:
        """Return a protocol for one accepted connection."""
        return asyncio.StreamReaderProtocol(asyncio.StreamReader(limit=_MAX_HEAD), self.serve)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the one request of a connection."""
        try:
            async with asyncio.timeout(_TIMEOUT):
                line = await reader.readline()
                size = len(line)
                # The head is read and ignored: closing with unread bytes would reset the connection, and
                # the answer with it.
                while (more := await reader.readline()) not in (b"\r\n", b"\n", b"") and size < _MAX_HEAD:
                    size += len(more)
                writer.write(self.answer(line))
                await writer.drain()
        except (OSError, ValueError):
            pass  # an admin client that stalls or leaves has no one to tell
        finally:
            writer.close()

    def answer(self, line: bytes) -> bytes:
        """Return the response to a request line."""
        parts = line.split()
        if len(parts) < 2 or parts[0] not in (b"GET", b"HEAD"):
            return _response(400, "text/plain", f"GET one of {_PATHS}\n")
        path = parts[1].partition(b"?")[0]
        if path == b"/ready":
            missing = self.missing()
            return _response(503 if missing else 200, "text/plain", f"{missing or 'ready'}\n")
        if path == b"/stats":
            return _response(200, "application/json", json.dumps(self.stats(), indent=2) + "\n")
        if path == b"/config":
            config = {**self.config, "ports": self.ports}
            return _response(200, "application/json", json.dumps(config, indent=2) + "\n")
        if path == b"/metrics":
            return _response(200, "text/plain; version=0.0.4", prometheus(self.stats()))
        return _response(404, "text/plain", f"no such page; there are {_PATHS}\n")


def _response(status: int, kind: str, text: str) -> bytes:
    phrase = {200: "OK", 400: "Bad Request", 404: "Not Found", 503: "Service Unavailable"}[status]
    body = text.encode()
    head = (
        f"HTTP/1.1 {status} {phrase}\r\ncontent-type: {kind}\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body
