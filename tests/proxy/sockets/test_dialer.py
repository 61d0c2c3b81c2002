"""Connections to others: counted, bounded, and a failure says what to do."""

import asyncio
import errno
import time

import pytest

from proxy.errors import Reason
from proxy.sockets.dialer import Dialer, OutgoingConnection
from proxy.sockets.dns_cache import DnsCache
from tests.proxy.rig import App, play, serving, until
from tests.support.black_hole import black_hole


async def dialled(dialer: Dialer, address: str) -> tuple[OutgoingConnection, Reason | None, str]:
    connection = OutgoingConnection(address)
    outcome: asyncio.Future[tuple[Reason | None, str]] = asyncio.get_running_loop().create_future()
    dialer.dial(connection, lambda reason, detail: outcome.set_result((reason, detail)))
    assert not outcome.done()
    async with asyncio.timeout(5):
        return connection, *await outcome


def test_a_connection_is_counted_and_known_by_its_own_end_until_it_is_closed() -> None:
    async def run() -> None:
        async with serving(App()) as address:
            dialer = Dialer(2, DnsCache(time.monotonic))
            connection, reason, _ = await dialled(dialer, address)
            assert (reason, dialer.open) == (None, 1)
            assert dialer.local_addresses == {connection.transport.get_extra_info("sockname")}
            dialer.closed(connection)
            assert (dialer.open, dialer.local_addresses) == (0, set())
            connection.transport.abort()

    play(run())


def test_the_limit_is_for_each_address() -> None:
    async def run() -> None:
        async with serving(App()) as address, serving(App()) as other:
            dialer = Dialer(1, DnsCache(time.monotonic))
            first, _, _ = await dialled(dialer, address)
            assert (await dialled(dialer, address))[1:] == (
                Reason.OVERLOAD,
                f"1 connections to {address} are in use",
            )
            second, reason, _ = await dialled(dialer, other)
            assert (reason, dialer.open) == (None, 2)
            for connection in (first, second):
                connection.transport.abort()

    play(run())


@pytest.mark.parametrize(
    ("address", "reason", "detail"),
    [
        ("127.0.0.1:1", Reason.CONNECT_REFUSED, "is it running"),
        ("no-such-host.invalid:80", Reason.DNS_FAILURE, "check the name"),
    ],
)
def test_a_failure_has_its_reason_and_leaves_nothing_counted(
    address: str, reason: Reason, detail: str
) -> None:
    async def run() -> None:
        dialer = Dialer(1, DnsCache(time.monotonic))
        _, found, text = await dialled(dialer, address)
        assert found is reason
        assert detail in text
        assert dialer.open == 0

    play(run())


def test_the_kernel_decides_when_a_server_has_not_accepted_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def connect(*_: object) -> None:
        raise OSError(errno.ETIMEDOUT, "Connection timed out")

    monkeypatch.setattr("proxy.sockets.dialer.connect", connect)

    async def run() -> None:
        dialer = Dialer(1, DnsCache(time.monotonic))
        _, *failure = await dialled(dialer, "10.0.0.1:80")
        assert (failure, dialer.open) == ([Reason.CONNECT_TIMEOUT, "10.0.0.1:80 did not accept"], 0)

    play(run())


def test_at_the_end_everyone_is_given_up_who_has_not_accepted() -> None:
    async def run() -> None:
        with black_hole() as address:
            patient = Dialer(9, DnsCache(time.monotonic))
            patient.dial(OutgoingConnection(address), lambda *_: None)
            assert patient.open == 1
            await asyncio.sleep(0)
            patient.close()
            await until(lambda: patient.open == 0)

    play(run())


def test_of_several_addresses_the_one_that_accepts_is_counted() -> None:
    async def run() -> None:
        async with serving(App()) as address:
            dns = DnsCache(time.monotonic)
            dialer = Dialer(1, dns)
            connection = OutgoingConnection("a.test:80")
            outcome: asyncio.Future[Reason | None] = asyncio.get_running_loop().create_future()
            dialer.dial_any(
                connection, ["127.0.0.1:1", address], lambda reason, _: outcome.set_result(reason)
            )
            assert await outcome is None
            assert (connection.address, dialer.open) == (address, 1)
            # Both are at their limit now, or refuse.
            assert (await dialled(dialer, address))[1] is Reason.OVERLOAD
            dialer.closed(connection)
            assert dialer.open == 0
            connection.transport.abort()

    play(run())
