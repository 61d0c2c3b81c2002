"""HTTP servers: aiohttp applications on the event loop, WSGI applications on threads."""

import ssl

from aiohttp import web

from proxy.contract.address import split_address
from proxy.contract.transport.streams import cannot_listen


async def serve(
    runner: web.BaseRunner, option: str, address: str, *, security: ssl.SSLContext | None = None
) -> int:
    """Let a runner that is set up listen on ``address`` (``host:port``) and return its port.

    ``security`` is the ``server`` or ``mutual`` of a ``Tls``; None is in the clear. Raises ConfigError that
    names ``option`` and the fix.
    """
    host, port = split_address(address)
    try:
        await web.TCPSite(runner, host, port, ssl_context=security).start()
    except OSError as error:
        raise cannot_listen(option, address, error) from None
    return int(runner.addresses[-1][1])
