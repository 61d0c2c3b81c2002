"""TCP listeners and connections on the running event loop."""

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable
from typing import Final

from proxy.contract.address import split_address
from proxy.contract.failure import ConfigError
from proxy.contract.option import named
from proxy.contract.transport.peer import peer_of
from proxy.contract.transport.tls import Tls

# Connections that wait for this process to accept them: a burst of callers must not meet resets.
_BACKLOG: Final = 1024

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


async def connect_stream(
    address: str, *, limit: int, tls: Tls | None = None, identity: str = ""
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect as ``connect`` does, for code that awaits; no line may be longer than ``limit`` bytes."""
    reader = asyncio.StreamReader(limit=limit)
    protocol = asyncio.StreamReaderProtocol(reader)
    transport = await connect(address, lambda: protocol, tls=tls, identity=identity)
    return reader, asyncio.StreamWriter(transport, protocol, reader, asyncio.get_running_loop())


async def adopt(connected: socket.socket, protocol: asyncio.Protocol) -> None:
    """Let ``protocol`` speak over a socket that is connected already: one end of a pair, or inherited."""
    # asyncio refuses a socket that blocks.
    connected.setblocking(False)
    await asyncio.get_running_loop().create_connection(lambda: protocol, sock=connected)
