"""The application as a whole: health, metrics, and one shape for every error."""

import logging

import pytest

from collector.clickhouse.database import StatementError, StoreUnavailableError
from tests.collector.query.world import ONE, BrokenReader, World


def test_health_readiness_and_metrics(world: World) -> None:
    world.stats.count("spanmesh_stored_rows_total", 7, table="otel_traces")
    world.reason = "the store is being opened"
    assert world.get("/healthz") == {"status": "alive"}
    assert world.refused("/readyz") == (503, "not ready: the store is being opened")
    world.reason = ""
    assert world.get("/readyz") == {"status": "ready"}
    status, text = world.ask("GET", "/metrics", {})
    assert status == 200
    assert 'spanmesh_stored_rows_total{table="otel_traces"} 7' in text


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/", 404, "there is nothing at /: the API is listed in docs/api.md and at /api/openapi.json"),
        ("GET", "/api/nothing", 404, "there is nothing at /api/nothing"),
        ("GET", "/api/traces/", 404, "there is nothing at /api/traces/"),
        ("POST", "/api/traces", 405, "POST is not for /api/traces: use GET, HEAD"),
        ("DELETE", "/api/mesh/stages", 405, "use GET, HEAD, PUT"),
    ],
)
def test_what_is_not_there(world: World, method: str, path: str, status: int, message: str) -> None:
    answered, told = world.refused(path, method)
    assert answered == status
    assert message in told


def test_a_body_that_is_too_large(world: World) -> None:
    status, message = world.refused("/api/mesh/stages", "PUT", b"x" * 100_000)
    assert (status, message) == (413, "the body is too large: send at most 65536 bytes")


STORED = ("/api/services", "/api/services/a/operations", "/api/traces", f"/api/traces/{ONE}")


@pytest.mark.parametrize("path", STORED)
def test_the_store_being_down_is_a_503_that_says_what_to_do(world: World, path: str) -> None:
    world.reader = BrokenReader(StoreUnavailableError("connection refused"))
    status, message = world.refused(path)
    assert status == 503
    assert message == "the store cannot answer (connection refused): retry, or look at ClickHouse"


def test_what_nobody_expected_is_in_the_log_and_not_in_the_answer(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.reader = BrokenReader(StatementError("no such column\nStack trace: secret"))
    with caplog.at_level(logging.ERROR):
        status, message = world.refused("/api/services")
    assert status == 500
    assert "secret" not in message
    reference = message.partition("look for ")[2].partition(" ")[0]
    [record] = [each for each in caplog.records if reference in each.getMessage()]
    assert record.exc_info is not None
