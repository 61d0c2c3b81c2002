"""The other end of a connection: its address and, proved by its certificate, its identity. Pure.

Source: SPIFFE X509-SVID: a workload's identity is the one URI among its certificate's subject
alternative names.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Protocol

_SPIFFE: Final = "spiffe://"


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a connection.

    ``address`` is its IP address and port, None where the transport has none. ``identity`` is the SPIFFE
    id of its certificate, empty unless that certificate was verified. ``encrypted`` is measured on
    the connection itself: True if it carries TLS that this process ends.
    """

    address: tuple[str, int] | None
    identity: str = ""
    encrypted: bool = False


class Connection(Protocol):
    """The method of asyncio's and uvloop's transports that is needed here."""

    def get_extra_info(self, name: str, default: Any = None) -> Any: ...


def peer_of(transport: Connection) -> Peer:
    """Return the peer of an asyncio transport; call it after ``connection_made``."""
    name = transport.get_extra_info("peername")
    # A Unix socket's name is a text, a TCP peer's a tuple of two or (IPv6) four.
    address = (name[0], name[1]) if isinstance(name, tuple) else None
    if transport.get_extra_info("ssl_object") is None:
        return Peer(address)
    return Peer(address, spiffe_id(_uris(transport.get_extra_info("peercert"))), encrypted=True)


def spiffe_id(names: Iterable[str]) -> str:
    """Return the SPIFFE id among a certificate's URI names; empty if there is none or more than one URI.

    X509-SVID section 2 demands exactly one URI: a certificate with several could be
    read as different workloads by different readers, so it identifies nobody.
    """
    uris = list(names)
    return uris[0] if len(uris) == 1 and uris[0].lower().startswith(_SPIFFE) else ""


def _uris(certificate: dict[str, Any] | None) -> list[str]:
    """Return the URI names of ``SSLObject.getpeercert()``, which is empty for one that was not verified."""
    names = (certificate or {}).get("subjectAltName", ())
    return [value for kind, value in names if kind == "URI"]
