"""A ``requests`` session for clients that ask one API often: connections are kept."""

import ssl
from typing import Any

import requests
from requests.adapters import HTTPAdapter


def session(security: ssl.SSLContext | None = None) -> requests.Session:
    """Return a session without proxies; ``https`` URLs are verified by ``security``, else as requests does.

    An application's ``http_proxy`` is for its own calls: ours must not go through a sidecar.
    """
    made = requests.Session()
    made.trust_env = False
    if security is not None:
        made.mount("https://", _SecuredAdapter(security))
    return made


class _SecuredAdapter(HTTPAdapter):
    """requests has no argument for an SSL context but that of its pool manager."""

    def __init__(self, security: ssl.SSLContext) -> None:
        self._security = security
        super().__init__()

    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        super().init_poolmanager(*given, **named, ssl_context=self._security)
