"""The pool: a bound on connections, and no connection kept that is of no use."""

import asyncio

from tests.proxy.rig import App, ask, head_fields, play, serving, until, world

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def test_more_connections_than_allowed_fail_fast() -> None:
    async def run() -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()

        async with serving(silent) as address, world(address, max_connections=1, half_close_time=0.1) as w:
            _, first = await asyncio.open_connection("127.0.0.1", w.inbound)
            first.write(GET)
            await until(lambda: w.sidecar.dialer.open == 1)
            assert head_fields(await ask(w.inbound, GET))["x-spanmesh-reason"] == "overload"
            first.transport.abort()
            await until(lambda: w.sidecar.dialer.open == 0)

    play(run())


def test_an_idle_connection_is_closed_after_its_time() -> None:
    async def run() -> None:
        app = App()
        async with serving(app) as address, world(address, pool_idle=0.1) as w:
            assert await ask(w.inbound, GET) == app.answer
            assert w.sidecar.pool.idle == 1
            await until(lambda: (w.sidecar.pool.idle, w.sidecar.dialer.open) == (0, 0))

    play(run())


def test_a_connection_nobody_waits_for_any_more_is_kept_for_the_next() -> None:
    async def run() -> None:
        app = App()
        async with serving(app) as address, world(address) as w:
            _, writer = await asyncio.open_connection("127.0.0.1", w.inbound)
            writer.write(GET)
            await until(lambda: w.sidecar.inbound.request_count == 1)
            writer.close()
            await until(lambda: (w.sidecar.pool.idle, w.sidecar.dialer.open) == (1, 1))

    play(run())
