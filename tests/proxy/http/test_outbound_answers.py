"""An endpoint that answers at once and not what its peers do, over real sockets."""

import asyncio

import pytest

from proxy.contract.model import Endpoint
from tests.proxy.rig import App, ask, play, service, serving, world

GET = b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n"
MISSING = b"HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\nnone"
LOGIN = b"HTTP/1.1 302 Found\r\nlocation: /login\r\ncontent-length: 0\r\n\r\n"
FULL = b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 5\r\ncontent-length: 0\r\n\r\n"
AWAY = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\ncontent-length: 0\r\n\r\n"
GRPC = b"HTTP/1.1 200 OK\r\ncontent-type: application/grpc\r\n%bcontent-length: 0\r\n\r\n"
TRAILED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\ngrpc-status: 8\r\n\r\n"
CLIENTS, EACH = 6, 40


class Slow(App):
    """Answers after some milliseconds."""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            await asyncio.sleep(0.03)  # so that a busy machine does not make it suspect
            writer.write(self.answer)


def shares(quick: bytes) -> list[int]:
    """The requests that each of three endpoints gets, of which the first answers at once."""
    apps = [App(quick), Slow(), Slow()]
    play(_ask_all(apps))
    return [len(app.heads) for app in apps]


async def _ask_all(apps: list[App]) -> None:
    async with (
        serving(apps[0]) as a,
        serving(apps[1]) as b,
        serving(apps[2]) as c,
        world() as w,
    ):
        w.view(service("shop", Endpoint(a), Endpoint(b), Endpoint(c), percent=100))

        async def client() -> None:
            for _ in range(EACH):
                await ask(w.outbound, GET)

        await asyncio.gather(*(client() for _ in range(CLIENTS)))


@pytest.mark.parametrize(
    "quick",
    [MISSING, LOGIN, FULL, AWAY, TRAILED, GRPC % b"grpc-status: 8\r\n", GRPC % b"grpc-status: 16\r\n"],
    ids=["404", "302", "429", "503", "trailer", "grpc 8", "grpc 16"],
)
def test_fast_wrong_answers_swallow_no_traffic(quick: bytes) -> None:
    # Bounds in real time are no tighter than the rule, never worse than an even spread: on a busy machine the
    # others look slow for moments. Exact shares are tested in virtual time (routing/test_balancer_answers).
    assert shares(quick)[0] < CLIENTS * EACH / 3
