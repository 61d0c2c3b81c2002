"""The body of a request: whole and inflated, or refused before it is held."""

import asyncio
import gzip

import pytest
from aiohttp import web

from collector.receive.body import read
from collector.receive.inflate import EncodingError, TooLargeError, UnknownEncodingError
from proxy.contract.transport import http_site

LIMIT = 1000


async def ask(raw: bytes) -> bytes | Exception:
    """Send a request, byte by byte as given, and return what its handler read or raised."""
    found: asyncio.Future[bytes | Exception] = asyncio.get_running_loop().create_future()

    async def handler(request: web.Request) -> web.Response:
        try:
            found.set_result(await read(request, LIMIT))
        except Exception as error:
            found.set_result(error)
        return web.Response()

    app = web.Application()
    app.router.add_post("/", handler)
    runner = web.AppRunner(app, auto_decompress=False)
    await runner.setup()
    try:
        port = await http_site.serve(runner, "http", "127.0.0.1:0")
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\n" + raw)
        if raw.startswith(b"X-Cut"):
            await writer.drain()
            writer.close()
        async with asyncio.timeout(20):
            said = await found
        writer.close()
        return said
    finally:
        await runner.cleanup()


def asked(raw: bytes) -> bytes | Exception:
    return asyncio.run(ask(raw))


def test_a_body_comes_whole_by_length_or_in_chunks() -> None:
    assert asked(b"Content-Length: 5\r\n\r\nhello") == b"hello"
    assert asked(b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n") == b"hello"
    packed = gzip.compress(b"hello")
    head = f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    assert asked(head + packed) == b"hello"


def test_a_body_said_to_be_too_large_is_not_read() -> None:
    assert isinstance(asked(f"Content-Length: {LIMIT + 1}\r\n\r\n".encode()), TooLargeError)


def test_a_body_that_grows_too_large_is_refused_packed_or_not() -> None:
    chunk = f"{600:x}\r\n{'x' * 600}\r\n".encode()
    assert isinstance(asked(b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 2), TooLargeError)
    packed = gzip.compress(b"x" * (LIMIT + 1))
    head = f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    assert isinstance(asked(head + packed), TooLargeError)


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"X-Cut: 1\r\nContent-Length: 5\r\n\r\nhe", EncodingError),
        (b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nhe", EncodingError),
        (b"Content-Encoding: br\r\nContent-Length: 2\r\n\r\nhe", UnknownEncodingError),
    ],
)
def test_a_body_that_cannot_be_understood_says_why(raw: bytes, error: type[Exception]) -> None:
    assert isinstance(asked(raw), error)
