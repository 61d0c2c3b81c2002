"""The admin port: /ready, /stats, /config as JSON and /metrics as Prometheus text. Off the hot path."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from proxy.control.prometheus import prometheus

_MAX_HEAD = 16384
_TIMEOUT = 5.0
_PATHS = "/ready, /stats, /config, /metrics"

Stats = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Admin:
    """Answers from three functions; ``stats`` is flat but for ``endpoints`` and ``refused``."""

    ready: Callable[[], str]  # empty when ready, else what is missing
    stats: Callable[[], Stats]
    config: Callable[[], Stats]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request of one connection."""
        try:
            async with asyncio.timeout(_TIMEOUT):
                line = await reader.readline()
                size = len(line)
                while (more := await reader.readline()) not in (b"\r\n", b"\n", b"") and size < _MAX_HEAD:
                    size += len(more)
                writer.write(self.answer(line))
                await writer.drain()
        except (OSError, ValueError):
            pass  # an admin client that stalls or leaves has no one to tell
        finally:
            writer.close()

    def answer(self, line: bytes) -> bytes:
        """The response to a request line."""
        parts = line.split()
        if len(parts) < 2 or parts[0] not in (b"GET", b"HEAD"):
            return _response(400, "text/plain", f"GET one of {_PATHS}\n")
        path = parts[1].partition(b"?")[0]
        if path == b"/ready":
            missing = self.ready()
            return _response(503 if missing else 200, "text/plain", f"{missing or 'ready'}\n")
        if path == b"/stats":
            return _response(200, "application/json", json.dumps(self.stats(), indent=2) + "\n")
        if path == b"/config":
            return _response(200, "application/json", json.dumps(self.config(), indent=2) + "\n")
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
