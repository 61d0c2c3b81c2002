"""The pool: a bound on connections, and no connection kept that is of no use."""

import asyncio

import pytest

from tests.proxy.rig import App, ask, head_fields, play, serving, until, world

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def test_more_connections_than_allowed_fail_fast() -> None:
    async def run() -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()

        async with serving(silent) as address, world(address, max_connections=1) as w:
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


class Announcing:
    """An application that announces how long it keeps connections, and counts them."""

    def __init__(self, announced: bytes) -> None:
        self.connections = 0
        self._answer = b"HTTP/1.1 200 OK\r\n" + announced + b"content-length: 2\r\n\r\nok"

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = True  # health checks connect and send nothing
        while await reader.readuntil(b"\r\n\r\n"):
            self.connections += first
            first = False
            writer.write(self._answer)


@pytest.mark.parametrize(
    ("announced", "pause", "connections"),
    [
        (b"", 0.0, 1),
        (b"Keep-Alive: timeout=5, max=100\r\n", 0.0, 1),
        (b"Keep-Alive: timeout=1\r\n", 0.0, 1),
        (b"Keep-Alive: timeout=1\r\n", 0.7, 2),
        (b"Keep-Alive: max=1\r\n", 0.0, 2),
        (b"keep-alive: timeout=0\r\n", 0.0, 2),
    ],
)
@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_a_connection_that_its_server_is_about_to_close_carries_no_request(
    announced: bytes, pause: float, connections: int, method: bytes
) -> None:
    async def run() -> None:
        app = Announcing(announced)
        async with serving(app) as address, world(address) as w:
            for _ in range(2):
                await ask(w.inbound, GET.replace(b"GET", method))
                await asyncio.sleep(pause)
            assert app.connections == connections

    play(run())


@pytest.mark.parametrize(("method", "connections"), [(b"GET", 1), (b"PUT", 1), (b"POST", 2), (b"PATCH", 2)])
def test_what_cannot_be_sent_again_takes_no_connection_that_was_long_idle(
    method: bytes, connections: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.http.pool._SURE", 0.1)

    async def run() -> None:
        app = Announcing(b"")
        async with serving(app) as address, world(address) as w:
            await ask(w.inbound, GET)
            await asyncio.sleep(0.4)
            await ask(w.inbound, GET.replace(b"GET", method))
            assert app.connections == connections

    play(run())


def test_a_connection_carries_no_new_request_beyond_its_age() -> None:
    async def run() -> None:
        app = Announcing(b"")
        async with serving(app) as address, world(address, pool_age=0.3) as w:
            for _ in range(8):
                await ask(w.inbound, GET)
                await asyncio.sleep(0.1)
            # Always in use, and yet not the same one for ever.
            assert 2 <= app.connections <= 4

    play(run())


def test_many_clients_of_one_address_share_their_connections() -> None:
    async def run() -> None:
        app = Announcing(b"")
        async with serving(app) as address, world(max_connections=8) as w:
            clients = [await asyncio.open_connection("127.0.0.1", w.outbound) for _ in range(12)]
            for _ in range(2):
                for reader, writer in clients:
                    writer.write(b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % address.encode())
                    await reader.readuntil(b"ok")
            assert app.connections <= 4
            for _, writer in clients:
                writer.close()

    play(run())
