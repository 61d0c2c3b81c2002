"""A WSGI application on threads: the dashboard's server."""

from collections.abc import Callable
from typing import Any

import waitress

from proxy.contract.address import split_address
from proxy.contract.transport.streams import cannot_listen


def serve(option: str, address: str, app: Callable[..., Any], *, threads: int) -> Any:
    """Listen on ``address`` (``host:port``) and return waitress's server: ``run`` serves, ``close`` ends it.

    In the clear always: waitress speaks no TLS, what ends TLS for browsers runs in front of it. Raises
    ConfigError that names ``option`` and the fix.
    """
    host, port = split_address(address)
    try:
        return waitress.create_server(
            app, host=host, port=port, threads=threads, ident="spanmesh", clear_untrusted_proxy_headers=True
        )
    except OSError as error:
        raise cannot_listen(option, address, error) from None
