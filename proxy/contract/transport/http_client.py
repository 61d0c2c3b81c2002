"""HTTP clients that block, for commands: urllib without a proxy in between."""

import ssl
from urllib.request import HTTPSHandler, OpenerDirector, ProxyHandler, build_opener


def opener(security: ssl.SSLContext | None = None) -> OpenerDirector:
    """Return urllib's opener without proxies; ``security`` verifies ``https`` URLs, else the system does.

    Commands run where ``http_proxy`` may point at a sidecar, and reach the mesh's own APIs directly.
    """
    return build_opener(ProxyHandler({}), HTTPSHandler(context=security))
