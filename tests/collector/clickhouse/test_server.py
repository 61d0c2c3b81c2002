"""A server over the native protocol: the unmodified driver against the protocol's fixture, and against
the server that SPANMESH_TEST_CLICKHOUSE names, where it names one."""

import os
import secrets
import threading
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import pytest

from collector.clickhouse.database import Database, StatementError, Store, StoreUnavailableError
from collector.clickhouse.embedded import EmbeddedStore
from collector.clickhouse.migrate import migrate, statements
from collector.clickhouse.open_store import open_store
from collector.clickhouse.server import ServerStore, check_url
from deploy.processes import ports
from proxy.contract.failure import ConfigError
from tests.collector.conftest import RETENTION_DAYS
from tests.collector.made import NOW
from tests.support.native_server import NativeServer, serving

REAL: Final = os.environ.get("SPANMESH_TEST_CLICKHOUSE", "")
SECRET: Final = "it's: a/secret"


@pytest.mark.parametrize(
    "url",
    [
        "clickhouse://localhost",
        "clickhouse://user:p%40ss@db.example:9000/spans",
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


def test_a_server_that_is_down_is_worth_another_try() -> None:
    session = ServerStore(f"clickhouse://127.0.0.1:{ports.free(1)[0]}").connect()
    with pytest.raises(StoreUnavailableError, match="refused"):
        session.query("SELECT 1")
    with pytest.raises(StoreUnavailableError, match="refused"):
        session.insert("t", {"a": [1]})


def test_a_server_that_is_down_at_start_is_told_with_the_fix() -> None:
    with pytest.raises(ConfigError, match=r"does not answer: .*refused.*; check --clickhouse") as wrong:
        open_store("", f"clickhouse://127.0.0.1:{ports.free(1)[0]}/db")
    assert "\n" not in str(wrong.value)


@pytest.fixture(scope="module")
def fixture(store: Store) -> Iterator[NativeServer]:
    """The protocol's fixture in front of the engine of the tests."""
    assert isinstance(store, EmbeddedStore)
    with serving(store) as server:
        yield server


@pytest.fixture(scope="module", params=["fixture", "server"] if REAL else ["fixture"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database made for these tests."""
    base = REAL if request.param == "server" else request.getfixturevalue("fixture").url()
    name = f"test_{secrets.token_hex(4)}"
    session = ServerStore(base).connect()
    session.execute(f"CREATE DATABASE {name}")
    yield urlsplit(base)._replace(path=f"/{name}").geturl()
    session.execute(f"DROP DATABASE {name}")
    session.close()


def start(url: str, applied: list[object]) -> None:
    """Bring the schema up to date as a collector does; what came of it goes to ``applied``."""
    session = ServerStore(url).connect()
    try:
        applied.append(migrate(session, RETENTION_DAYS))
    except Exception as error:
        applied.append(error)
    finally:
        session.close()


@pytest.fixture(scope="module")
def started(url: str) -> list[object]:
    """What three collectors that started at once on the empty database did."""
    applied: list[object] = []
    threads = [threading.Thread(target=start, args=(url, applied)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return applied


@pytest.fixture
def remote(url: str, started: list[object]) -> Iterator[Database]:
    """A session on empty tables."""
    session = ServerStore(url).connect()
    for table in ("otel_traces", "mesh_trace_summaries", "mesh_decisions"):
        session.execute(f"TRUNCATE TABLE {table}")
    yield session
    session.close()


def test_collectors_may_start_at_once(started: list[object], remote: Database) -> None:
    assert [each for each in started if isinstance(each, Exception)] == []
    tables = {row[0] for row in remote.query("SHOW TABLES")}
    assert {name.partition("_")[2].removesuffix(".sql") for name in statements(RETENTION_DAYS)} < tables
    assert migrate(remote, RETENTION_DAYS) == ()


def test_rows_come_back_as_they_went_in(remote: Database) -> None:
    text = "it's \\ \t {x:String} ü€😀"
    remote.insert(
        "otel_traces",
        {
            "Timestamp": [NOW, NOW + 1],
            "TraceId": ["t", "u"],
            "SpanAttributes": [{"a": text}, {}],
            "Events.Timestamp": [[NOW + 7], []],
            "Events.Name": [["exception"], []],
            "Events.Attributes": [[{"k": text}], []],
            "Duration": [5, (1 << 64) - 1],
        },
    )
    rows = remote.query(
        "SELECT TraceId, toUnixTimestamp64Nano(Timestamp), SpanAttributes, "
        "arrayMap(t -> toUnixTimestamp64Nano(t), Events.Timestamp), Events.Attributes, Duration "
        "FROM otel_traces WHERE TraceId IN {ids:Array(String)} AND Duration > {least:UInt64} "
        "ORDER BY TraceId",
        {"ids": ["t", "u", text], "least": 1},
    )
    assert rows == [
        ("t", NOW, {"a": text}, [NOW + 7], [{"k": text}], 5),
        ("u", NOW + 1, {}, [], [], (1 << 64) - 1),
    ]
    assert remote.query("SELECT sum(Spans) FROM mesh_trace_summaries") == [(2,)]


@pytest.mark.parametrize(
    "text", ["", "it's", "\\", "a\\'b", "\t\n\r\0\b", "{x:String}", "%(a)s", "ü€😀", "[1]", "\\N"]
)
def test_text_parameters_arrive_as_they_were(remote: Database, text: str) -> None:
    assert remote.query("SELECT {p:String}, {q:Int64}", {"p": text, "q": -5}) == [(text, -5)]


def test_many_rows_arrive_in_several_blocks(remote: Database) -> None:
    rows = remote.query("SELECT number, toString(number) FROM numbers(200000)")
    assert len(rows) == 200_000
    assert rows[-1] == (199_999, "199999")


def test_a_wrong_statement_is_told_and_the_session_goes_on(remote: Database) -> None:
    with pytest.raises(StatementError, match="nonsense") as wrong:
        remote.query("SELECT nonsense FROM otel_traces")
    assert "\n" not in str(wrong.value)
    with pytest.raises(StatementError, match="no_such_table"):
        remote.insert("no_such_table", {"a": [1]})
    with pytest.raises(StatementError):
        remote.insert("mesh_decisions", {"Kind": [1]})
    remote.insert("mesh_decisions", {"Kind": ["eject"], "Time": [NOW // 10**6]})
    assert remote.query("SELECT Kind FROM mesh_decisions") == [("eject",)]


def test_what_may_succeed_later_is_told_apart(remote: Database) -> None:
    with pytest.raises(StoreUnavailableError, match=r"(?i)timeout|maximum"):
        remote.query(
            "SELECT sleepEachRow(1) FROM numbers(3) SETTINGS max_execution_time = 1, max_block_size = 1"
        )


def test_settings_of_a_session_hold_for_it(url: str, remote: Database) -> None:
    reader = ServerStore(url).connect({"readonly": 2})
    with pytest.raises(StatementError, match="readonly"):
        reader.execute("TRUNCATE TABLE otel_traces")
    assert reader.query("SELECT count() FROM otel_traces") == [(0,)]
    reader.close()


def test_a_database_that_is_not_there_is_told(url: str) -> None:
    with pytest.raises(ConfigError, match="missing_one"):
        open_store("", urlsplit(url)._replace(path="/missing_one").geturl())


def test_a_password_is_asked_for(store: Store) -> None:
    assert isinstance(store, EmbeddedStore)
    with serving(store, "mesh", SECRET) as server:
        quoted = "it%27s%3A%20a%2Fsecret"
        session = open_store("", server.url("mesh", quoted)).connect()
        assert session.query("SELECT 1") == [(1,)]
        session.close()
        with pytest.raises(ConfigError, match=r"Authentication failed.*check --clickhouse"):
            open_store("", server.url("mesh", "wrong"))


def test_tls_is_spoken_and_the_certificate_checked(store: Store) -> None:
    assert isinstance(store, EmbeddedStore)
    with serving(store, tls=True) as server:
        session = open_store("", server.url()).connect()
        assert session.query("SELECT 1") == [(1,)]
        session.close()
        with pytest.raises(ConfigError, match=r"(?i)certificate"):
            open_store("", server.url().partition("?")[0])


def test_a_session_goes_on_after_a_restart(store: Store, database: Database) -> None:
    assert isinstance(store, EmbeddedStore)
    with serving(store) as server:
        session = ServerStore(server.url()).connect()
        _restarted(server, session)
        session.close()


def _restarted(server: NativeServer, session: Database) -> None:
    row: dict[str, list[object]] = {"Kind": ["eject"], "Time": [NOW // 10**6]}
    session.insert("mesh_decisions", row)
    server.stop()
    with pytest.raises(StoreUnavailableError):
        session.query("SELECT 1")
    with pytest.raises(StoreUnavailableError, match="refused"):
        session.query("SELECT 1")
    server.start()
    assert session.query("SELECT count() FROM mesh_decisions") == [(1,)]


def test_another_host_takes_over(store: Store) -> None:
    assert isinstance(store, EmbeddedStore)
    with serving(store) as first, serving(store) as other:
        session = ServerStore(f"{first.url()}?alt_hosts=localhost:{other.port}").connect()
        assert session.query("SELECT 1") == [(1,)]
        first.stop()
        assert session.query("SELECT 2") == [(2,)]
        assert other.queries[-1] == "SELECT 2"
        session.close()
