"""What a transport's socket is told beyond reading and writing."""

import asyncio
import socket
import struct
from typing import Final

_LINGER_NONE: Final = struct.pack("ii", 1, 0)


def reset(transport: asyncio.WriteTransport) -> None:
    """Close so that the other end sees a reset, which it cannot take for an ordinary end."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
    transport.abort()


def keep_alive(transport: asyncio.BaseTransport) -> None:
    """Let the kernel find out when the other end of a silent connection is gone."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
