"""The collector's options."""

import pytest

from collector.config import CollectorConfig
from proxy.contract.failure import ConfigError
from proxy.contract.settings import load


def test_defaults_are_the_documented_addresses() -> None:
    config = load(CollectorConfig, {}, {})
    assert (config.grpc, config.http, config.query) == ("127.0.0.1:4317", "127.0.0.1:4318", "127.0.0.1:16686")
    assert (config.data, config.clickhouse, config.retention_days) == ("./spanmesh-data", "", 3)
    assert config.zipkin == ""


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"grpc": "4317"}, "--grpc .* write it as HOST:PORT"),
        ({"retention_days": 0}, "--retention-days .* write a whole number from 1 to 3650"),
        ({"max_pending_bytes": -1}, "--max-pending-bytes .* write a whole number above 0"),
        ({"zipkin": "9411"}, "--zipkin .* write it as HOST:PORT"),
        ({"kafka": "127.0.0.1:9092"}, "unknown option 'kafka'"),
    ],
)
def test_wrong_values_are_named(given: dict[str, object], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        load(CollectorConfig, given, {})
