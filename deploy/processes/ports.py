"""The default addresses of every process, and free ports where defaults do not matter."""

import socket
from typing import Final

LOOPBACK: Final = "127.0.0.1"
MESH: Final = "127.0.0.1:4317"
OTLP_HTTP: Final = "127.0.0.1:4318"
QUERY: Final = "127.0.0.1:16686"
DASHBOARD: Final = "127.0.0.1:8050"
INBOUND: Final = "127.0.0.1:15006"
OTLP: Final = f"http://{OTLP_HTTP}"
API: Final = f"http://{QUERY}"


def free(count: int) -> list[int]:
    """Loopback ports that nobody listens on just now, all different."""
    held = [socket.create_server((LOOPBACK, 0)) for _ in range(count)]
    try:
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()


def is_free(port: int) -> bool:
    """Whether a loopback port can be listened on just now."""
    try:
        socket.create_server((LOOPBACK, port)).close()
    except OSError:
        return False
    return True


def accepts(port: int) -> bool:
    """Whether something on loopback accepts connections on this port."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=0.5).close()
    except OSError:
        return False
    return True
