"""The engine in this process and its data directory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from collector.clickhouse.database import Database, StatementError
from collector.clickhouse.embedded import EmbeddedStore
from proxy.contract.failure import ConfigError
from tests.collector.made import NOW


def test_rows_come_back_as_they_went_in(database: Database) -> None:
    database.insert(
        "mesh_edges",
        {
            "Time": [NOW // 10**9] * 2,
            "Source": ["a", "a"],
            "Target": ["b", "b"],
            "Count": [1, 2],
            "Sum": [0.5, 1.0],
            "Latency": [{-32768: 1}, {-32768: 1, 5: 1}],
        },
    )
    rows = database.query("SELECT sum(Count), sum(Sum), sumMap(Latency) FROM mesh_edges GROUP BY Source")
    assert rows == [(3, 1.5, {-32768: 2, 5: 1})]


def test_a_wrong_statement_is_told_in_one_line(database: Database) -> None:
    with pytest.raises(StatementError, match="nonsense") as wrong:
        database.query("SELECT nonsense FROM otel_traces")
    assert "\n" not in str(wrong.value)
    with pytest.raises(StatementError):
        database.execute("CREATE nothing")
    with pytest.raises(StatementError):
        database.insert("no_such_table", {"a": [1]})


def test_a_failed_insert_leaves_the_session_usable(database: Database) -> None:
    with pytest.raises(StatementError):
        database.insert("mesh_decisions", {"Kind": [1]})
    database.insert("mesh_decisions", {"Kind": ["eject"], "Time": [NOW // 10**6]})
    assert database.query("SELECT Kind FROM mesh_decisions") == [("eject",)]


def test_a_directory_is_for_one_collector(tmp_path: Path) -> None:
    first = EmbeddedStore(tmp_path)
    with pytest.raises(ConfigError, match="in use by another collector; stop that one or choose another"):
        EmbeddedStore(tmp_path)
    first.close()
    EmbeddedStore(tmp_path).close()


def test_a_directory_that_cannot_be_made_is_told_with_the_fix(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="Not a directory; make it writable or choose another"):
        EmbeddedStore(tmp_path / "file" / "data")
    with pytest.raises(ConfigError, match=r"must not contain '\?'"):
        EmbeddedStore(tmp_path / "what?")


INSERT_AND_DIE = """
import os, signal, sys
from pathlib import Path
from collector.clickhouse.embedded import EmbeddedStore
from collector.clickhouse.migrate import migrate
session = EmbeddedStore(Path(sys.argv[1])).connect()
migrate(session, 3650)
for i in range(20):
    session.insert("mesh_decisions", {"Kind": [str(i)] * 100, "Time": [1_700_000_000_000] * 100})
    print(i, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
COUNT = """
import sys
from pathlib import Path
from collector.clickhouse.embedded import EmbeddedStore
session = EmbeddedStore(Path(sys.argv[1])).connect()
print(session.query("SELECT count(), uniqExact(Kind) FROM mesh_decisions"))
"""


def test_what_was_inserted_survives_a_kill(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": str(root)}

    def python(code: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        ).stdout

    assert python(INSERT_AND_DIE).splitlines()[-1] == "19"
    assert python(COUNT).strip() == "[(2000, 20)]"
