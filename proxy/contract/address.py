"""``host:port`` as text and in two. Pure."""


def split_address(address: str) -> tuple[str, int]:
    """``host:port`` in two, brackets of an IPv6 host removed. Raises ValueError with the fix."""
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise ValueError("write it as HOST:PORT, for example 127.0.0.1:8080")
    return host.removeprefix("[").removesuffix("]"), int(port)


def join_address(host: str, port: int) -> str:
    """``host:port``, an IPv6 host in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
