"""The schema is brought up to date, once, whoever starts first."""

from collector.clickhouse.database import Database
from collector.clickhouse.migrate import migrate, statements
from tests.collector.conftest import RETENTION_DAYS


def engines(database: Database) -> dict[str, str]:
    sql = "SELECT name, engine_full FROM system.tables WHERE database = currentDatabase()"
    return dict(database.query(sql))


def test_a_second_run_changes_nothing(database: Database) -> None:
    before = engines(database)
    assert migrate(database, RETENTION_DAYS) == ()
    assert engines(database) == before


def test_a_file_is_one_object_named_as_the_file() -> None:
    for name, sql in statements(3).items():
        subject = name.partition("_")[2].removesuffix(".sql")
        assert f" IF NOT EXISTS {subject}" in sql
        assert "CREATE" in sql
        assert sql.count("CREATE") == 1
        assert "$" not in sql


def test_another_retention_is_taken_over_and_back(database: Database) -> None:
    migrate(database, 5)
    kept = engines(database)
    assert "toIntervalDay(5)" in kept["otel_traces"]
    assert "toIntervalDay(5)" in kept["mesh_decisions"]
    migrate(database, RETENTION_DAYS)
    assert f"toIntervalDay({RETENTION_DAYS})" in engines(database)["otel_traces"]
