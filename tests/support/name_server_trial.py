"""Requests by name with a DNS server of our own, directly and through a sidecar; prints what came of them."""

import asyncio
import json
import sys
from typing import Any

from tests.proxy.rig import ask, play, world
from tests.support.name_server import NO_ERROR, NO_SUCH_NAME, SERVER_FAILURE, NameServer, Records
from tests.support.named_servers import Replicas, replicas

HOSTS = ["127.0.1.1", "127.0.2.1", "127.0.4.1"]


def request(name: str, port: int) -> bytes:
    return b"GET / HTTP/1.1\r\nHost: %b:%d\r\n\r\n" % (name.encode(), port)


async def direct(name: str, servers: Replicas) -> None:
    reader, writer = await asyncio.open_connection(name, servers.port)
    writer.write(request(name, servers.port))
    await reader.readuntil(b"ok")
    writer.close()


async def trial() -> dict[str, Any]:
    names = NameServer()
    names.names = {"all.test": Records(HOSTS), "one.test": Records(HOSTS, one_by_one=True)}
    await names.start("127.0.0.53")
    seen: dict[str, Any] = {}
    async with replicas(HOSTS) as servers, world() as w:

        async def get(name: str) -> str:
            return (await ask(w.outbound, request(name, servers.port))).decode()

        for name, key in (("all.test", "all"), ("one.test", "one by one")):
            for _ in range(12):
                await direct(name, servers)
            seen[key] = [servers.taken()]
            for _ in range(12):
                await get(name)
            seen[key].append(servers.taken())
        records = names.names["all.test"]
        records.addresses = HOSTS[1:2]
        for _ in range(3):
            await get("all.test")
        seen["changed"] = servers.taken()
        records.code = SERVER_FAILURE
        await get("all.test")
        seen["server failure"] = servers.taken()
        records.code = NO_SUCH_NAME
        seen["no such name"] = await get("all.test")
        records.code = NO_ERROR
    return seen


async def main() -> None:
    sys.stdout.write(json.dumps(await trial()))


if __name__ == "__main__":
    play(main())
