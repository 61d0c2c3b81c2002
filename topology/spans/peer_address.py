"""The name and address of the other side of a call, by the attributes of the caller's span.

Source: OpenTelemetry semantic conventions for HTTP, RPC and network attributes in all their generations,
the OpenTracing conventions (``peer.*``), and what Zipkin's and Datadog's tracers write. SDKs are updated much
later than conventions, so names of ten years meet in one collector.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Final

# People gave these names, so they come before every address. The newer one first.
NAMES: Final = ("service.peer.name", "peer.service", "aws.remote.service")
# OpenTelemetry's Zipkin exporter writes one of these as the name when it has none.
NOT_NAMES: Final = ("server.address", "net.peer.name", "db.name")
# The host that the caller meant: a name rather than the address it resolved to.
_MEANT: Final = (
    ("server.address", "server.port"),
    ("net.peer.name", "net.peer.port"),
)
# Origins of URLs as ``origin`` returns them.
URLS: Final = ("url.full", "http.url")
_HOSTS: Final = (
    ("http.host", "net.peer.port"),
    ("server.socket.domain", "server.socket.port"),
    ("net.sock.peer.name", "net.sock.peer.port"),
    ("peer.hostname", "peer.port"),
    ("out.host", "out.port"),
    ("network.destination.name", "network.destination.port"),
    ("network.peer.address", "network.peer.port"),
    ("net.sock.peer.addr", "net.sock.peer.port"),
    ("net.peer.ip", "net.peer.port"),
    ("server.socket.address", "server.socket.port"),
    ("peer.ipv4", "peer.port"),
    ("peer.ipv6", "peer.port"),
    ("network.destination.ip", "network.destination.port"),
    ("peer.address", "peer.port"),
)
# Of a call that names no address at all: the function invoked (whose rpc.service is the cloud's own), the
# remote interface, or the provider of a model.
_INTERFACES: Final = ("faas.invoked_name", "rpc.service", "gen_ai.provider.name", "gen_ai.system")
_SCHEMES: Final = ("url.scheme", "http.scheme")
_PORTS: Final = {"http": "80", "https": "443", "ws": "80", "wss": "443"}

ATTRIBUTES: Final = frozenset(
    (
        *NAMES,
        *NOT_NAMES,
        *URLS,
        *_INTERFACES,
        *_SCHEMES,
        *(key for pair in (*_MEANT, *_HOSTS) for key in pair),
    )
)
"""The attributes that are read here."""

# From a scheme to the end of the authority; the path may hold secrets, and differs from request to request.
_ORIGIN: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#\s\\]*)")
_AFTER_AUTHORITY: Final = re.compile(r"[/?#\s\\]")


def given_name(attributes: Mapping[str, str]) -> str:
    """Return the name that people gave the other side; empty if there is none."""
    for key in NAMES:
        if name := attributes.get(key):
            return "" if any(attributes.get(other) == name for other in NOT_NAMES) else name
    return ""


def names_host(attributes: Mapping[str, str]) -> bool:
    """True if the attributes name the other side, so that no URL need be parsed for it."""
    return "server.address" in attributes or "net.peer.name" in attributes


def address(attributes: Mapping[str, str]) -> str:
    """Return the other side's ``host:port``, or its host if the port is unknown; empty if both are."""
    for host, port in _MEANT:
        if value := attributes.get(host):
            return _joined(value, attributes.get(port) or _usual_port(attributes))
    for key in URLS:
        if value := attributes.get(key):
            match = _ORIGIN.match(value)
            if match and match[2]:
                return _joined(match[2], _PORTS.get(match[1].lower(), ""))
    for host, port in _HOSTS:
        if value := attributes.get(host):
            return _joined(
                value, attributes.get(port) or (_usual_port(attributes) if host == "http.host" else "")
            )
    return ""


def interface(attributes: Mapping[str, str]) -> str:
    """Return the remote function, interface or model's provider that a call without an address names."""
    return next((value for key in _INTERFACES if (value := attributes.get(key))), "")


def origin(url: str) -> str:
    """Return the scheme and the authority of a URL; empty if it has none."""
    match = _ORIGIN.match(url)
    return match[0] if match else ""


@lru_cache(maxsize=4096)
def host(address: str) -> str:
    """Return the host of ``host:port``, of ``[address]:port`` or of a host alone."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address


def may_be_same(one: str, other: str) -> bool:
    """True unless both hosts are known and differ; a name and an IP address cannot be compared."""
    return not one or not other or one == other or is_ip(one) is not is_ip(other)


@lru_cache(maxsize=4096)
def is_ip(text: str) -> bool:
    """True if a host is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _usual_port(attributes: Mapping[str, str]) -> str:
    """Return the port of the scheme, which conventions allow to leave out."""
    scheme = attributes.get("url.scheme") or attributes.get("http.scheme")
    return _PORTS.get(scheme, "") if scheme else ""


@lru_cache(maxsize=4096)
def _joined(value: str, port: str) -> str:
    """Return ``host:port`` of a host that may be written as a URL, with a port, or with credentials."""
    # Of several (a client's list of brokers) the first; gRPC writes the family before an address.
    place = value.partition(",")[0].strip().removeprefix("ipv4:").removeprefix("ipv6:")
    scheme, separator, rest = place.partition("://")
    if separator:
        scheme = scheme.rpartition(":")[2].lower()
        # gRPC's targets have an empty authority: dns:///api:50051.
        place = rest if scheme == "unix" else rest.lstrip("/")
        port = port or _PORTS.get(scheme, "")
    # A path is the address of a Unix domain socket.
    if place.startswith("/"):
        return place
    place = _AFTER_AUTHORITY.split(place, 1)[0].rpartition("@")[2]
    if place.startswith("["):
        place, _, own = place[1:].partition("]")
        port = own.removeprefix(":") or port
    elif place.count(":") == 1:
        place, _, own = place.partition(":")
        port = own or port
    place = _canonical(place.rstrip(".").lower())
    if not port.isdigit() or port == "0":
        return place
    return f"[{place}]:{port}" if ":" in place else f"{place}:{port}" if place else ""


def _canonical(host: str) -> str:
    """Return the one form of an IPv6 address, or of an IPv4 address within one; other hosts as they are."""
    if ":" not in host:
        return host
    try:
        address = IPv6Address(host)
    except ValueError:
        return host
    return str(address.ipv4_mapped or address)
