"""ClickHouse's HTTP interface, as much of it as an exporter needs to insert, before the embedded engine.

Run as ``python -m tests.bench.store_front DIRECTORY PORT``. HTTP is the main thread's work, the engine's
is done in all others, so that the CPU of both can be told apart from outside.
"""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aiohttp import web

from collector.clickhouse.database import Database
from collector.clickhouse.embedded import EmbeddedSession, EmbeddedStore
from collector.clickhouse.migrate import migrate


def main() -> None:
    store = EmbeddedStore(Path(sys.argv[1]))
    session = store.connect({"max_partitions_per_insert_block": 0})
    assert isinstance(session, EmbeddedSession)
    migrate(session, 3)
    asyncio.run(_serve(session, store.connect(), int(sys.argv[2])))


def _insert(session: EmbeddedSession, statement: str, form: str, body: bytes) -> None:
    with session._connection.send_insert(statement, form) as insert:
        insert.append(body)
        insert.finish()


async def _serve(session: EmbeddedSession, reader: Database, port: int) -> None:
    writer = ThreadPoolExecutor(1)

    async def insert(request: web.Request) -> web.Response:
        statement, _, name = request.query["query"].partition(" FORMAT ")
        if statement.startswith("SELECT"):
            return web.Response(text=str(reader.query(statement)[0][0]))
        body = await request.read()
        work = asyncio.get_running_loop().run_in_executor(
            writer, _insert, session, statement, name.strip(), body
        )
        try:
            await work
        except Exception as error:
            sys.stderr.write(f"{error}\n")
            return web.Response(status=500, text=str(error))
        return web.Response()

    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/", insert)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    main()
