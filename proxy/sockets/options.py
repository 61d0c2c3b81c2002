"""Socket options of open connections."""

import asyncio
import select
import socket
import struct
from typing import Final

# The kernel asks after 30 s of silence, and every 30 s until the sixth question without an answer; by default
# Linux waits for two hours. A client that has closed looks like one that has half-closed until its kernel has
# forgotten the connection (60 s on Linux) and answers the question with a reset.
_PROBES: Final = {socket.TCP_KEEPIDLE: 30, socket.TCP_KEEPINTVL: 30, socket.TCP_KEEPCNT: 6}
_TCP_CLOSE: Final = 7  # tcpi_state of struct tcp_info, linux/tcp.h
_LINGER_NONE: Final = struct.pack("ii", 1, 0)  # on, and 0 seconds: close() sends RST (socket(7), SO_LINGER)


def reset(transport: asyncio.WriteTransport) -> None:
    """Close with a TCP reset, which the other end cannot take for an ordinary end.

    A body framed by the end of the connection (RFC 9112, 6.3) is known to be cut short by this alone.
    """
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
    # close() would first wait until what is buffered has been written.
    transport.abort()


def keep_alive(opened: socket.socket) -> None:
    """Turn on TCP keep-alive: the kernel finds out when the other end of a silent connection is gone.

    Connections accepted by a listening socket inherit it.
    """
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _PROBES.items():
        opened.setsockopt(socket.IPPROTO_TCP, option, value)


def is_gone(transport: asyncio.BaseTransport) -> bool:
    """True if a connection was reset while the event loop did not read from it.

    After a client has ended its side, and while reading is paused, the loop learns of that only by writing.
    """
    opened: socket.socket = transport.get_extra_info("socket")
    return opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _TCP_CLOSE


def has_input(transport: asyncio.BaseTransport) -> bool:
    """True if the other end has sent bytes or its end that the event loop has not read yet."""
    waiting = select.poll()
    waiting.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
    return bool(waiting.poll(0))
