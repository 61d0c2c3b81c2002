"""HTTP servers on several loopback addresses and one port, as the replicas behind a name."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Replicas:
    """``served`` counts requests by address."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.served: Counter[str] = Counter()

    def serve(self, host: str) -> None:
        self.served[host] += 1

    def taken(self) -> dict[str, int]:
        """What was served since the last call."""
        served, self.served = dict(self.served), Counter()
        return served


@asynccontextmanager
async def replicas(hosts: Sequence[str]) -> AsyncIterator[Replicas]:
    """A server at each of these loopback addresses, all on one port."""
    found = Replicas(0)
    async with AsyncExitStack() as stack:
        for host in hosts:

            async def handle(
                reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str = host
            ) -> None:
                try:
                    while await reader.readuntil(b"\r\n\r\n"):
                        found.serve(host)
                        writer.write(OK)
                except (asyncio.IncompleteReadError, ConnectionError):
                    pass
                finally:
                    writer.close()

            server = await asyncio.start_server(handle, host, found.port)
            found.port = server.sockets[0].getsockname()[1]
            stack.callback(server.close)
        yield found
