"""Which store the configuration asks for."""

from pathlib import Path

import pytest

from collector.clickhouse.open_store import open_store
from proxy.contract.failure import ConfigError


def test_a_url_is_a_server_and_a_wrong_one_is_told() -> None:
    with pytest.raises(ConfigError, match="clickhouse://user:password@host:9000/database"):
        open_store("", "postgres://localhost")


def test_without_a_url_it_is_the_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="--data"):
        open_store(str(tmp_path / "file"), "")
