"""The server's side of the interface, as far as it can be seen without a server."""

import socket

import pytest

from collector.clickhouse.database import StoreUnavailableError
from collector.clickhouse.server import ServerStore, check_url
from collector.clickhouse.store import open_store
from proxy.contract.settings import ConfigError


@pytest.mark.parametrize(
    "url",
    [
        "clickhouse://localhost", "clickhouse://user:p%40ss@db.example:9000/spans",
        "clickhouses://h:9440/db?connect_timeout=3",
    ],
)
def test_urls_that_are_understood(url: str) -> None:
    check_url(url)
    ServerStore(url).connect().close()


@pytest.mark.parametrize(
    "url", ["", "localhost:9000", "http://localhost:8123", "clickhouse://", "clickhouse://h:port/db"]
)
def test_other_urls_are_refused_with_an_example(url: str) -> None:
    with pytest.raises(ConfigError, match="write it as clickhouse://user:password@host:9000/database"):
        check_url(url)


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_server_that_is_down_is_worth_another_try() -> None:
    session = ServerStore(f"clickhouse://127.0.0.1:{closed_port()}").connect()
    with pytest.raises(StoreUnavailableError, match="refused"):
        session.query("SELECT 1")
    with pytest.raises(StoreUnavailableError, match="refused"):
        session.insert("t", {"a": [1]})


def test_a_server_that_is_down_at_start_is_told_with_the_fix() -> None:
    with pytest.raises(ConfigError, match=r"does not answer: .*refused.*; check --clickhouse") as wrong:
        open_store("", f"clickhouse://127.0.0.1:{closed_port()}/db")
    assert "\n" not in str(wrong.value)
