"""Network addresses as text: ``host:port``, and the base URL of an HTTP API."""


def split_address(address: str) -> tuple[str, int]:
    """Split ``host:port``, brackets of an IPv6 host removed. Raises ValueError with the fix."""
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise ValueError("write it as HOST:PORT, for example 127.0.0.1:8080")
    return host.removeprefix("[").removesuffix("]"), int(port)


def join_address(host: str, port: int) -> str:
    """Join ``host:port``, an IPv6 host in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def check_address(address: str) -> str:
    """Return the address if it is ``HOST:PORT``. Raises ValueError with the fix."""
    split_address(address)
    return address


def check_address_or_off(address: str) -> str:
    """Return the address if it is ``HOST:PORT`` or empty, which turns it off. Raises ValueError."""
    return check_address(address) if address else ""


def check_base_url(text: str) -> str:
    """Return the URL without a slash at its end. Raises ValueError with the fix."""
    if not text.startswith(("http://", "https://")) or not text.split("://", 1)[1].strip("/"):
        raise ValueError("write it as http://HOST:PORT, for example http://127.0.0.1:16686")
    return text.rstrip("/")
