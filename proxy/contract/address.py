"""Network addresses as text: ``host:port``, and the base URL of an HTTP API."""

import re
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import urlsplit

# [0-9], not \d or str.isdigit: these also match digits of other scripts, which int() reads or fails on.
_ADDRESS: Final = re.compile(r"(\S+):([0-9]{1,9})")


def split_address(address: str) -> tuple[str, int]:
    """Split ``host:port``, brackets of an IPv6 host removed. Raises ValueError with the fix."""
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise ValueError("write it as HOST:PORT, for example 127.0.0.1:8080")
    if int(match[2]) > 65535:
        raise ValueError("the port is out of range (1 to 65535); write it as HOST:PORT")
    return match[1].removeprefix("[").removesuffix("]"), int(match[2])


def join_address(host: str, port: int) -> str:
    """Join ``host:port``, an IPv6 host in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def canonical_host(host: str) -> str:
    """Return the one spelling of an IPv6 address that has many (RFC 5952); other hosts as they are."""
    if ":" not in host:
        return host
    try:
        return IPv6Address(host).compressed
    except ValueError:
        return host


def check_address(address: str) -> str:
    """Return the address if it is ``HOST:PORT``. Raises ValueError with the fix."""
    split_address(address)
    return address


def check_address_or_off(address: str) -> str:
    """Return the address if it is ``HOST:PORT`` or empty, which turns it off. Raises ValueError."""
    return check_address(address) if address else ""


def check_base_url(text: str) -> str:
    """Return the URL without a slash at its end. Raises ValueError with the fix."""
    try:
        url = urlsplit(text)
        valid = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:  # brackets that do not match, or a port that is no number
        valid = False
    if not valid or any(each.isspace() or not each.isprintable() for each in text):
        raise ValueError("write it as http://HOST:PORT, for example http://127.0.0.1:16686")
    return text.rstrip("/")
