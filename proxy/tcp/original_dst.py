"""The original destination of a connection that netfilter's REDIRECT turned to us."""

import socket
from struct import unpack_from
from typing import Final, Protocol

from proxy.contract.address import join_address

# linux/netfilter_ipv4.h and linux/netfilter_ipv6/ip6_tables.h; the two numbers are the same.
_SO_ORIGINAL_DST: Final = 80
_SOCKADDR_IN6: Final = 28


class Socket(Protocol):
    """The part of a socket that asyncio's and uvloop's transports give access to."""

    @property
    def family(self) -> int: ...
    def getsockopt(self, level: int, option: int, buffer: int, /) -> bytes: ...


def original_destination(connected: Socket) -> str:
    """Return the ``host:port`` that the client connected to; empty when unknown, as without interception."""
    six = connected.family == socket.AF_INET6
    level = socket.IPPROTO_IPV6 if six else socket.IPPROTO_IP
    try:
        # 28 bytes also for IPv4, whose sockaddr_in is 16: the kernel fills in as much as it has.
        address = connected.getsockopt(level, _SO_ORIGINAL_DST, _SOCKADDR_IN6)
    except OSError:
        return ""
    return decode(address, six=six)


def decode(address: bytes, *, six: bool) -> str:
    """Return ``host:port`` of a ``sockaddr_in`` or, with ``six``, a ``sockaddr_in6`` of the kernel."""
    port: int = unpack_from("!H", address, 2)[0]
    if six:
        return join_address(socket.inet_ntop(socket.AF_INET6, address[8:24]), port)
    return join_address(socket.inet_ntop(socket.AF_INET, address[4:8]), port)
