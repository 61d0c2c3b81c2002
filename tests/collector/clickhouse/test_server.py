"""The server's side of the interface, as far as it can be seen without a server."""

import re
import socket
from typing import Any

import pytest

from collector.clickhouse.database import Database, StoreUnavailableError
from collector.clickhouse.migrate import migrate
from collector.clickhouse.server import ServerSession, ServerStore, check_url
from collector.clickhouse.store import open_store
from proxy.contract.failure import ConfigError
from tests.collector.conftest import RETENTION_DAYS
from tests.collector.made import NOW


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


class Driver:
    """Takes the place of clickhouse-driver's client, in front of the embedded engine."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def execute(self, sql: str, data: Any, columnar: bool = False) -> list[Any]:
        if insert := re.fullmatch(r"INSERT INTO (\w+) \((.*)\) VALUES", sql):
            assert columnar
            names = [name.strip("` ") for name in insert[2].split(",")]
            self._database.insert(insert[1], dict(zip(names, data, strict=True)))
            return []
        return self._database.query(sql, data)

    def disconnect(self) -> None: ...


def test_schema_inserts_and_queries_are_those_of_the_embedded_engine(database: Database) -> None:
    session: Database = ServerSession(Driver(database))
    assert migrate(session, RETENTION_DAYS) == ()
    session.insert("mesh_decisions", {"Kind": ["eject", "return"], "Time": [NOW // 10**6] * 2})
    rows = session.query("SELECT Kind FROM mesh_decisions WHERE Kind != {k:String}", {"k": "return"})
    assert rows == [("eject",)]
