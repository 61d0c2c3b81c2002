"""Names with several and changing addresses: through the sidecar as without it."""

import asyncio
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.proxy.rig import ask, play, serving, until, world
from tests.support.named_servers import OK, replicas
from tests.support.namespaces import ROOT

HOSTS = ("127.0.1.1", "127.0.2.1", "127.0.4.1")
EVENLY = dict.fromkeys(HOSTS, 4)


class Records:
    """The system's resolver, as far as these tests need one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
        self.addresses: Sequence[str] = addresses
        monkeypatch.setattr("proxy.sockets.dns_cache._getaddrinfo", self._getaddrinfo)

    async def _getaddrinfo(self, host: str) -> list[Any]:
        if not self.addresses:
            raise socket.gaierror(socket.EAI_NONAME, host)
        return [(socket.AF_INET, 1, 6, "", (address, 0)) for address in self.addresses]


async def get(port: int, name: str) -> bytes:
    return await ask(port, b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % name.encode())


async def tunnelled(port: int, name: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"CONNECT %b HTTP/1.1\r\nHost: a\r\n\r\n" % name.encode())
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    answer = await reader.readexactly(len(OK))
    writer.close()
    return answer


def test_clients_are_spread_over_the_addresses_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        records = Records(monkeypatch, *HOSTS)
        async with replicas(HOSTS) as servers, world() as w:
            name = f"a.test:{servers.port}"
            for reach in (get, tunnelled):
                for _ in range(12):
                    assert await reach(w.outbound, name) == OK
                assert servers.taken() == EVENLY
            # The pool is warm, and the records change: the next request follows them.
            records.addresses = HOSTS[:1]
            assert await get(w.outbound, name) == OK
            assert servers.taken() == {HOSTS[0]: 1}
            records.addresses = ()
            assert b"dns-failure" in await get(w.outbound, name)

    play(run())


@pytest.mark.parametrize("protocol", ["auto", "tcp"])
def test_an_application_that_is_a_name_has_all_its_addresses(
    protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        Records(monkeypatch, *HOSTS)
        async with replicas(HOSTS) as servers, world(f"a.test:{servers.port}", app_protocol=protocol) as w:
            for _ in range(12):
                assert await get(w.inbound, "a") == OK
            assert servers.taken() == EVENLY

    play(run())


@asynccontextmanager
async def virtual_address(addresses: Sequence[str]) -> AsyncIterator[str]:
    """One address whose connections go to these in turn, as those of a virtual IP or a load balancer do."""
    turns = itertools.cycle(addresses)

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.write_eof()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = next(turns).partition(":")
        upstream_reader, upstream = await asyncio.open_connection(host, int(port))
        try:
            await asyncio.gather(copy(reader, upstream), copy(upstream_reader, writer))
        except OSError:
            pass
        finally:
            upstream.close()

    async with serving(handle) as address:
        yield address


@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_connections_to_a_virtual_address_are_spread_by_it(method: bytes) -> None:
    async def run() -> None:
        async with (
            replicas(HOSTS) as servers,
            virtual_address([f"{host}:{servers.port}" for host in HOSTS]) as address,
            world() as w,
        ):
            for _ in range(12):
                assert (
                    await ask(w.outbound, method + b" / HTTP/1.1\r\nHost: %b\r\n\r\n" % address.encode())
                    == OK
                )
            assert servers.taken() == EVENLY
            # A client that keeps its connection keeps its server.
            reader, writer = await asyncio.open_connection("127.0.0.1", w.outbound)
            for _ in range(6):
                writer.write(method + b" / HTTP/1.1\r\nHost: %b\r\n\r\n" % address.encode())
                await reader.readexactly(len(OK))
            assert list(servers.taken().values()) == [6]
            assert (w.sidecar.dialer.open, w.sidecar.pool.idle) == (1, 1)
            writer.close()
            await until(lambda: w.sidecar.dialer.open == 0)

    play(run())


def test_a_client_that_keeps_its_connection_keeps_its_server_while_that_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("proxy.sockets.dns_cache.LIFETIME", 0.2)

    async def run() -> None:
        records = Records(monkeypatch, *HOSTS)
        async with replicas(HOSTS) as servers, world() as w:
            reader, writer = await asyncio.open_connection("127.0.0.1", w.outbound)

            async def once() -> None:
                writer.write(b"GET / HTTP/1.1\r\nHost: a.test:%d\r\n\r\n" % servers.port)
                await reader.readexactly(len(OK))

            for _ in range(6):
                await once()
                await asyncio.sleep(0.1)
            ((first, count),) = servers.taken().items()
            assert count == 6
            records.addresses = [host for host in HOSTS if host != first]

            async def followed() -> bool:
                await once()
                return first not in servers.taken()

            async with asyncio.timeout(10):
                while not await followed():
                    await asyncio.sleep(0.05)
            writer.close()

    play(run())


@pytest.mark.parametrize("request_line", ["GET / HTTP/1.1", "CONNECT {} HTTP/1.1"])
def test_a_name_that_means_the_sidecar_itself_is_no_endless_loop(
    request_line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        Records(monkeypatch, "127.0.0.1")
        async with world() as w:
            name = f"self.test:{w.outbound}"
            request = f"{request_line.format(name)}\r\nHost: {name}\r\n\r\n"
            assert (await ask(w.outbound, request.encode())).startswith(b"HTTP/1.1 508 ")
            assert w.sidecar.dialer.open == 0

    play(run())


def test_an_address_that_refuses_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        Records(monkeypatch, "127.0.9.9", *HOSTS[:2])
        async with replicas(HOSTS[:2]) as servers, world() as w:
            for _ in range(12):
                assert await get(w.outbound, f"a.test:{servers.port}") == OK
            assert set(servers.taken().values()) <= {5, 6, 7}
            await until(lambda: w.sidecar.dialer.open == w.sidecar.pool.idle)

    play(run())


def test_a_real_name_server_is_asked_as_the_application_would(tmp_path: Path) -> None:
    if os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("ip") is None:
        pytest.skip("a name server of its own needs root, unshare and ip: run the tests as root")
    configuration = tmp_path / "resolv.conf"
    configuration.write_text("nameserver 127.0.0.53\n", encoding="ascii")
    inside = 'ip link set lo up && mount --bind "$0" /etc/resolv.conf && exec "$@"'
    command = ["unshare", "-n", "-m", "sh", "-c", inside, str(configuration)]
    command += [sys.executable, "-m", "tests.support.name_server_trial"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode and "unshare" in done.stderr + done.stdout:
        pytest.skip(f"no namespaces here: {done.stderr}")
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["all"] == [EVENLY, EVENLY]
    assert seen["one by one"] == [EVENLY, EVENLY]
    assert seen["changed"] == {HOSTS[1]: 3}
    assert seen["server failure"] == {HOSTS[1]: 1}
    assert "dns-failure" in seen["no such name"]
