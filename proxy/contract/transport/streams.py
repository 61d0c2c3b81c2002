"""TCP listeners and connections on the running event loop."""

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable, Sequence
from typing import Final, cast

from proxy.contract.address import split_address
from proxy.contract.failure import ConfigError
from proxy.contract.option import named
from proxy.contract.transport.peer import peer_of
from proxy.contract.transport.tls import Tls

# Connections that wait for this process to accept them: a burst of callers must not meet resets.
_BACKLOG: Final = 1024

# Seconds after which the next address is tried while an earlier one has not answered (RFC 8305, 8).
_STAGGER: Final = 0.25

Factory = Callable[[], asyncio.Protocol]


async def listen(
    option: str,
    address: str,
    protocol: Factory,
    *,
    shared: bool = False,
    security: ssl.SSLContext | None = None,
) -> asyncio.Server:
    """Listen on ``address`` (``host:port``), ``shared`` with other processes that do so too.

    ``security`` is the ``server`` or ``mutual`` of a ``Tls``; None is in the clear. Raises ConfigError that
    names ``option`` and the fix.
    """
    host, port = split_address(address)
    try:
        return await asyncio.get_running_loop().create_server(
            protocol, host, port, backlog=_BACKLOG, reuse_port=shared or None, ssl=security
        )
    except OSError as error:
        raise cannot_listen(option, address, error) from None


def bound_port(server: asyncio.Server) -> int:
    """Return the port a server got; it differs from the one asked for when that was 0."""
    return int(server.sockets[0].getsockname()[1])


def reserve(option: str, address: str, *, shared: bool = False) -> socket.socket:
    """Bind ``address`` without listening: its port is known, and the kernel gives it to nobody else.

    ``shared`` lets processes that listen ``shared`` bind it too. Raises ConfigError as ``listen`` does.
    """
    host, port = split_address(address)
    try:
        family, kind, *_, name = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        held = socket.socket(family, kind)
        try:
            # A restart must not fail on connections of the last process that are still in TIME_WAIT.
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if shared:
                held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            held.bind(name)
        except OSError:
            held.close()
            raise
    except OSError as error:
        raise cannot_listen(option, address, error) from None
    return held


def cannot_listen(option: str, address: str, error: OSError) -> ConfigError:
    """Return the error that says why the address of a setting cannot be listened on, and the fix."""
    subject = f"{named(option)} is {address!r}"
    if error.errno == errno.EADDRINUSE:
        return ConfigError(f"{subject}: the port is taken; stop what listens there or give another HOST:PORT")
    if error.errno == errno.EACCES:
        return ConfigError(f"{subject}: not permitted; give a port above 1023")
    reason = error.strerror or error
    return ConfigError(f"{subject}: cannot listen there ({reason}); give an address of this machine")


def accepts(address: str, timeout: float) -> bool:
    """Return True if something accepts TCP connections at ``address`` within ``timeout`` seconds. Blocks."""
    try:
        socket.create_connection(split_address(address), timeout).close()
    except OSError:
        return False
    return True


async def connect(
    address: str, protocol: Factory, *, tls: Tls | None = None, identity: str = ""
) -> asyncio.Transport:
    """Connect to ``address`` (``host:port``) and return the transport that ``protocol`` got.

    With ``tls`` the server must show a certificate that is trusted: for ``identity``, a SPIFFE id, where
    one is given, else for the host of the address. Raises OSError; ssl.SSLCertVerificationError
    is one.
    """
    host, port = split_address(address)
    loop = asyncio.get_running_loop()
    if tls is None:
        transport, _ = await loop.create_connection(protocol, host, port)
        return transport
    security = tls.workload if identity else tls.client
    transport, _ = await loop.create_connection(protocol, host, port, ssl=security, server_hostname=host)
    # Compared here since OpenSSL compares host names and IP addresses, not URIs.
    if identity and peer_of(transport).identity != identity:
        transport.abort()
        raise ssl.SSLCertVerificationError(f"the server at {address} is not {identity}")
    return transport


async def connect_first(addresses: Sequence[str], protocol: asyncio.Protocol) -> tuple[str, list[str]]:
    """Connect ``protocol`` to the first of these addresses (``ip:port``) that accepts.

    Each next one is tried as soon as an earlier one failed, or has not answered for a moment (RFC 8305, 5).
    Returns the address and those that failed before. Raises the OSError of the first if all fail.
    """
    attempts: dict[asyncio.Task[_Attempt], str] = {}
    rest = list(addresses)
    failed: dict[str, BaseException] = {}
    try:
        while rest or attempts:
            if rest:
                address = rest.pop(0)
                attempts[asyncio.ensure_future(_attempt(address))] = address
            done, _ = await asyncio.wait(
                attempts, timeout=_STAGGER if rest else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                address, error = attempts.pop(task), task.exception()
                if error is None and task.result().transport.is_closing():
                    error = ConnectionResetError(errno.ECONNRESET, "closed as soon as it was open")
                if error is None:
                    # Of two that succeed in one turn of the loop the other is still among the attempts.
                    task.result().pass_to(protocol)
                    return address, list(failed)
                failed[address] = error
        raise failed[addresses[0]]
    finally:
        for task in attempts:
            if not task.cancel() and task.exception() is None:
                task.result().transport.abort()


class _Attempt(asyncio.Protocol):
    """The protocol of a connection that may not be the one to be used; it keeps what comes meanwhile."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._held = b""
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._held += data
        self.transport.pause_reading()

    def eof_received(self) -> bool:
        self._ended = True
        return True

    def pass_to(self, protocol: asyncio.Protocol) -> None:
        """Give the connection to ``protocol``."""
        # Before the protocol gets it, which may pause it for reasons of its own.
        if self._held:
            self.transport.resume_reading()
        hand_over(self.transport, protocol, self._held, ended=self._ended)


async def _attempt(address: str) -> _Attempt:
    protocol = _Attempt()
    await connect(address, lambda: protocol)
    return protocol


async def connect_stream(
    address: str, *, limit: int, tls: Tls | None = None, identity: str = ""
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect as ``connect`` does, for code that awaits; no line may be longer than ``limit`` bytes."""
    reader = asyncio.StreamReader(limit=limit)
    protocol = asyncio.StreamReaderProtocol(reader)
    transport = await connect(address, lambda: protocol, tls=tls, identity=identity)
    return reader, asyncio.StreamWriter(transport, protocol, reader, asyncio.get_running_loop())


def hand_over(
    transport: asyncio.Transport, protocol: asyncio.Protocol, held: bytes, *, ended: bool = False
) -> None:
    """Let ``protocol`` go on with an open connection; ``held`` and, where ``ended``, its end came before."""
    # asyncio tells a protocol nothing when it is exchanged; it gets the calls it would have seen.
    transport.set_protocol(protocol)
    protocol.connection_made(transport)
    if held:
        protocol.data_received(held)
    if ended and not protocol.eof_received():
        transport.close()


async def adopt(connected: socket.socket, protocol: asyncio.Protocol) -> None:
    """Let ``protocol`` speak over a socket that is connected already: one end of a pair, or inherited."""
    # asyncio refuses a socket that blocks.
    connected.setblocking(False)
    await asyncio.get_running_loop().create_connection(lambda: protocol, sock=connected)
