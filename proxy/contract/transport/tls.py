"""Key, certificate and trust of this process; new material takes effect with the next handshake."""

import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from proxy.contract.failure import ConfigError


@dataclass(frozen=True, slots=True)
class Material:
    """PEM texts: the private key, the certificate chain (leaf first) and the certificates to trust."""

    key: bytes
    chain: bytes
    trust: bytes


class Tls:
    """The TLS identity of this process and the certificates it trusts.

    Its contexts are given once to a server or a client and stay: each handshake takes place with the
    material of that moment, and open connections keep theirs. Raises ConfigError if the
    material cannot be used.
    """

    def __init__(self, material: Material) -> None:
        self._use(material)
        self.server: Final = _NewestContext(lambda: self._server)
        """For a listener whose clients need no certificate; one they show is not asked for."""
        self.mutual: Final = _NewestContext(lambda: self._mutual)
        """For a listener whose clients must show a certificate that is trusted."""
        self.client: Final = _NewestContext(lambda: self._client)
        """For a connection whose server's certificate must be trusted and name the host."""
        self.workload: Final = _NewestContext(lambda: self._workload)
        """For a connection whose server is known by its SPIFFE id, which the caller compares."""

    def replace(self, material: Material) -> None:
        """Use other material from the next handshake on. Raises ConfigError, and keeps the old."""
        self._use(material)

    def _use(self, material: Material) -> None:
        # All of them are made before one is used: material that does not fit must not be half in use.
        server = _context(material, ssl.Purpose.CLIENT_AUTH)
        mutual = _context(material, ssl.Purpose.CLIENT_AUTH)
        mutual.verify_mode = ssl.CERT_REQUIRED
        client = _context(material, ssl.Purpose.SERVER_AUTH)
        workload = _context(material, ssl.Purpose.SERVER_AUTH)
        # Endpoints are addresses, and certificates of workloads hold no host names.
        workload.check_hostname = False
        self._server, self._mutual, self._client, self._workload = server, mutual, client, workload
        self.material = material


class _NewestContext(ssl.SSLContext):
    """A context that begins every handshake with the newest one.

    ``load_cert_chain`` on a live context would replace its certificate, but nothing takes a trusted
    certificate out of one again; so each change makes new contexts, and this one, which servers and
    clients hold, passes handshakes on.
    """

    _newest: Callable[[], ssl.SSLContext]

    def __new__(cls, newest: Callable[[], ssl.SSLContext]) -> "_NewestContext":
        # Clients read ``check_hostname`` and ``verify_mode`` here to learn whether a server is verified.
        made = super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)
        made.check_hostname = newest().check_hostname
        made.verify_mode = newest().verify_mode
        made._newest = newest
        return made

    def wrap_bio(self, *given: Any, **named: Any) -> ssl.SSLObject:
        """Begin a handshake of asyncio, uvloop or aiohttp."""
        return self._newest().wrap_bio(*given, **named)

    def wrap_socket(self, *given: Any, **named: Any) -> ssl.SSLSocket:
        """Begin a handshake of a client that blocks."""
        return self._newest().wrap_socket(*given, **named)


def _context(material: Material, purpose: ssl.Purpose) -> ssl.SSLContext:
    serving = purpose is ssl.Purpose.CLIENT_AUTH
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if serving else ssl.PROTOCOL_TLS_CLIENT)
    # TLS 1.0 and 1.1 are deprecated (RFC 8996).
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A resumed session skips verification: it would outlive the trust that was taken away.
    context.options |= ssl.OP_NO_TICKET
    if serving:
        context.num_tickets = 0
    try:
        context.load_verify_locations(cadata=material.trust.decode("ascii"))
        _load_chain(context, material)
    except (ssl.SSLError, ValueError) as error:
        raise ConfigError(
            f"TLS material cannot be used: {error}; give a private key, the certificate made for it and the "
            "certificates to trust, as PEM"
        ) from None
    return context


def _load_chain(context: ssl.SSLContext, material: Material) -> None:
    """Load key and chain, which OpenSSL reads from a file alone, from memory: no key touches a disk."""
    held = os.memfd_create("tls")
    try:
        os.write(held, material.key + b"\n" + material.chain)
        context.load_cert_chain(f"/proc/self/fd/{held}")
    finally:
        os.close(held)
