"""Connections that carry an identity serve the client that proved it, and nobody else."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from proxy.contract.model import Endpoint
from proxy.http.affinity import Affinity
from proxy.http.http1.requests import MessageLimits
from proxy.http.http1.upstream_connection import UpstreamConnection
from proxy.http.pool import Pool
from proxy.sockets.dialer import Dialer
from proxy.sockets.dns_cache import DnsCache
from proxy.sockets.write_batch import WriteBatch
from tests.proxy.rig import DEADLINE, App, play, service, serving, until, world


class Realm:
    """An application that authenticates connections, in as many legs as it likes; ``users`` by connection."""

    def __init__(self, scheme: bytes, legs: int = 3, challenge: bytes = b"WWW-Authenticate") -> None:
        self.scheme = scheme
        self.legs = legs
        self.challenge = challenge
        self.connections = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        user, leg = b"", 1
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            token = b""
            for line in head.split(b"\r\n"):
                name, _, value = line.partition(b": ")
                if name.lower() in (b"authorization", b"proxy-authorization"):
                    token = base64.b64decode(value.partition(b" ")[2])
            if token:
                leg += 1
                user = token if leg >= self.legs else b""
            if user:
                body = b"you are " + user
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
            else:
                if not token:
                    leg = 1
                challenge = self.challenge + b": Basic realm=x, " + self.scheme + b"\r\n"
                writer.write(b"HTTP/1.1 401 Unauthorized\r\n" + challenge + b"content-length: 0\r\n\r\n")
            await writer.drain()


class Client:
    """A client that keeps its connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self._reader = reader
        self._writer = writer
        self._host = host.encode()

    async def ask(self, field: bytes = b"", method: bytes = b"GET") -> bytes:
        extra = field + b"\r\n" if field else b""
        self._writer.write(method + b" / HTTP/1.1\r\nHost: " + self._host + b"\r\n" + extra + b"\r\n")
        async with asyncio.timeout(DEADLINE):
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            return head.split(b" ")[1] + b" " + await self._reader.readexactly(length)


@asynccontextmanager
async def client(port: int, host: str) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Client(reader, writer, host)
    finally:
        writer.close()


def credentials(scheme: bytes, name: bytes = b"Authorization") -> bytes:
    return name + b": " + scheme + b" " + base64.b64encode(b"alice")


@pytest.mark.parametrize(
    ("listener", "host"), [("inbound", "127.0.0.1"), ("outbound", "127.0.0.1"), ("outbound", "localhost")]
)
@pytest.mark.parametrize(
    ("scheme", "name"),
    [
        (b"NTLM", b"Authorization"),
        (b"negotiate", b"authorization"),
        (b"GSS-Negotiate", b"Authorization"),
        (b"GSSAPI", b"Authorization"),
        (b"Kerberos", b"Proxy-Authorization"),
        (b"CredSSP", b"Authorization"),
    ],
)
@pytest.mark.parametrize("legs", [1, 3])
def test_the_next_client_is_not_the_one_before(
    listener: str, host: str, scheme: bytes, name: bytes, legs: int
) -> None:
    async def run() -> None:
        realm = Realm(scheme, legs)
        field = credentials(scheme, name)
        async with serving(realm) as address, world(address) as w:
            port, address = w.sidecar.ports[listener], address.replace("127.0.0.1", host)
            async with client(port, address) as alice:
                assert await alice.ask() == b"401 "
                for _ in range(legs - 2):
                    assert await alice.ask(field) == b"401 "
                assert await alice.ask(field) == b"200 you are alice"
                # Between the client's own requests the connection is nobody else's.
                async with client(port, address) as bob:
                    assert await bob.ask() == b"401 "
                    assert await alice.ask() == b"200 you are alice"
            await until(lambda: w.sidecar.dialer.open == 0)
            async with client(port, address) as bob:
                assert await bob.ask() == b"401 "

    play(run())


@pytest.mark.parametrize(
    "answer",
    [b"Persistent-Auth: true", b"WWW-Authenticate: NTLM TlRM", b"Proxy-Authenticate: Basic, Negotiate"],
)
def test_what_the_server_says_of_identity_binds_the_connection_too(answer: bytes) -> None:
    async def run() -> None:
        async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"HTTP/1.1 200 OK\r\n" + answer + b"\r\ncontent-length: 0\r\n\r\n")

        async with serving(app) as address, world(address) as w:
            async with client(w.inbound, address) as alice:
                assert await alice.ask() == b"200 "
                assert (w.sidecar.pool.idle, w.sidecar.dialer.open) == (0, 1)
            await until(lambda: w.sidecar.dialer.open == 0)

    play(run())


def test_credentials_of_one_request_do_not_bind_a_connection() -> None:
    async def run() -> None:
        async with (
            serving(Realm(b"x", 1)) as address,
            world(address) as w,
            client(w.inbound, address) as alice,
        ):
            assert await alice.ask(credentials(b"Bearer")) == b"200 you are alice"
            assert w.sidecar.pool.idle == 1

    play(run())


def test_all_legs_of_a_handshake_reach_one_endpoint_of_a_routed_service() -> None:
    async def run() -> None:
        realms = [Realm(b"NTLM", 4) for _ in range(4)]
        async with (
            serving(realms[0]) as a,
            serving(realms[1]) as b,
            serving(realms[2]) as c,
            serving(realms[3]) as d,
            world() as w,
        ):
            found = [Endpoint(address) for address in (a, b, c, d)]
            w.view(service("reviews", *found, percent=100))
            for _ in range(4):
                async with client(w.outbound, "reviews") as alice:
                    await alice.ask()
                    for _ in range(2):
                        assert await alice.ask(credentials(b"NTLM")) == b"401 "
                    assert await alice.ask(credentials(b"NTLM"), b"POST") == b"200 you are alice"
                    assert await alice.ask() == b"200 you are alice"

    play(run())


class Closed(asyncio.Transport):
    aborted = 0

    def abort(self) -> None:
        self.aborted += 1


def test_a_client_of_ever_new_servers_keeps_a_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.http.affinity._MAX_DESTINATIONS", 2)

    async def run() -> None:
        async with AsyncExitStack() as stack:
            hosts = [await stack.enter_async_context(serving(App())) for _ in range(5)]
            w = await stack.enter_async_context(world())
            reader, writer = await asyncio.open_connection("127.0.0.1", w.outbound)
            for host in hosts:
                writer.write(b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % host.encode())
                await reader.readuntil(b"ok")
            await until(lambda: (w.sidecar.dialer.open, w.sidecar.pool.idle) == (2, 2))
            writer.close()
            await until(lambda: w.sidecar.dialer.open == 0)

    play(run())


def test_a_client_keeps_one_connection_to_each_destination_until_it_leaves() -> None:
    pool, affinity = (
        Pool(Dialer(1, DnsCache(lambda: 0.0)), WriteBatch(), MessageLimits(), lambda: 0.0, 1.0, 1.0),
        Affinity(),
    )

    def own() -> tuple[UpstreamConnection, Closed]:
        connection = UpstreamConnection(pool, "10.0.0.1:80", WriteBatch(), MessageLimits(), affinity, 0.0)
        connection.transport = transport = Closed()
        return connection, transport

    (first, first_end), (second, second_end), (late, late_end) = own(), own(), own()
    affinity.keep(first)
    affinity.keep(second)
    assert (first_end.aborted, second_end.aborted) == (1, 0)
    affinity.keep(second)
    assert affinity.own == {"10.0.0.1:80": second}
    affinity.close()
    affinity.keep(late)
    assert (second_end.aborted, late_end.aborted) == (1, 1)
