"""Opening a listening socket, or saying in one line why it cannot be opened."""

import asyncio
import errno
from collections.abc import Callable

from proxy.contract.address import split_address
from proxy.contract.failure import ConfigError
from proxy.contract.option import named


async def listen(
    option: str, address: str, protocol: Callable[[], asyncio.Protocol], *, shared: bool = False
) -> asyncio.Server:
    """Listen on ``address`` (``host:port``), ``shared`` with other processes that do so too.

    Raises ConfigError that names ``option`` and the fix.
    """
    host, port = split_address(address)
    try:
        loop = asyncio.get_running_loop()
        return await loop.create_server(protocol, host, port, backlog=1024, reuse_port=shared or None)
    except OSError as error:
        raise ConfigError(explain(option, address, error)) from None


def bound_port(server: asyncio.Server) -> int:
    """The port a server got; differs from the one asked for when that was 0."""
    return int(server.sockets[0].getsockname()[1])


def explain(option: str, address: str, error: OSError) -> str:
    """Why an address cannot be listened on, and what to do about it."""
    subject = f"{named(option)} is {address!r}"
    if error.errno == errno.EADDRINUSE:
        return f"{subject}: the port is taken; stop what listens there or give another HOST:PORT"
    if error.errno == errno.EACCES:
        return f"{subject}: not permitted; give a port above 1023"
    return f"{subject}: cannot listen there ({error.strerror or error}); give an address of this machine"
