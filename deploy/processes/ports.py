"""Loopback ports: free ones, taken ones, and the URL of a listener on this machine."""

import random
from typing import Final

from proxy.contract.address import join_address, split_address
from proxy.contract.failure import ConfigError
from proxy.contract.transport import streams

LOOPBACK: Final = "127.0.0.1"
_CHOICE: Final = (20_000, 32_000)

# Addresses to listen on that no client can connect to.
_ANY: Final = {"0.0.0.0": LOOPBACK, "::": "::1"}


def url(address: str) -> str:
    """Return the URL by which this machine reaches a listener: one on all addresses, by loopback."""
    return f"http://{join_address(*_reachable(address))}"


def accepts(address: str) -> bool:
    """True if something accepts connections at ``host:port``."""
    # Half a second: on this machine a connection takes microseconds, or nobody listens.
    return streams.accepts(join_address(*_reachable(address)), 0.5)


def _reachable(address: str) -> tuple[str, int]:
    host, port = split_address(address)
    return _ANY.get(host, host), port


def free(count: int) -> list[int]:
    """Return loopback ports that nobody listens on just now, all different."""
    # Below the ports that the kernel gives to outgoing connections (ip_local_port_range): one of those may be
    # taken again between this and the moment when a child listens on it.
    chosen: list[int] = []
    while len(chosen) < count:
        port = random.randrange(*_CHOICE)
        if port not in chosen and is_free(port):
            chosen.append(port)
    return chosen


def is_free(port: int) -> bool:
    """True if a loopback port can be listened on just now."""
    try:
        streams.reserve("port", f"{LOOPBACK}:{port}").close()
    except ConfigError:
        return False
    return True
