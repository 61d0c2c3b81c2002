"""mesh.yaml on disk."""

import os
from pathlib import Path

import pytest

from collector.control.policy_file import PolicyFile
from proxy.contract.failure import ConfigError
from proxy.contract.model import Stage
from proxy.contract.service_id import ServiceId
from topology.policy.models import Policy

GOOD = "services:\n  reviews:\n    stage: route\n    percent: 25\n"


def written(path: Path, text: str, second: int) -> Path:
    path.write_text(text)
    os.utime(path, (second, second))
    return path


def test_no_file_is_an_empty_policy_that_never_changes() -> None:
    none = PolicyFile("")
    assert none.load() == Policy()
    assert none.reload() is None
    assert none.changed_at == 0


def test_a_change_is_read_once(tmp_path: Path) -> None:
    path = written(tmp_path / "mesh.yaml", GOOD, 1000)
    file = PolicyFile(str(path))
    assert file.load().services[ServiceId("reviews")].percent == 25
    assert file.changed_at == 1000
    assert file.reload() is None
    written(path, GOOD.replace("25", "50"), 2000)
    changed = file.reload()
    assert changed is not None
    assert changed.services[ServiceId("reviews")].percent == 50
    assert changed.services[ServiceId("reviews")].stage is Stage.ROUTE
    assert file.reload() is None


def test_a_bad_change_is_told_once_in_one_line_and_mended_by_the_next(tmp_path: Path) -> None:
    path = written(tmp_path / "mesh.yaml", GOOD, 1000)
    file = PolicyFile(str(path))
    file.load()
    written(path, GOOD + "    pecent: 3\n", 2000)
    with pytest.raises(ConfigError, match="pecent") as wrong:
        file.reload()
    assert "\n" not in str(wrong.value)
    assert file.reload() is None
    written(path, GOOD, 3000)
    assert file.reload() is not None


def test_a_file_that_is_away_for_a_moment_changes_nothing(tmp_path: Path) -> None:
    path = written(tmp_path / "mesh.yaml", GOOD, 1000)
    file = PolicyFile(str(path))
    file.load()
    path.unlink()
    assert file.reload() is None


def test_a_file_that_cannot_be_read_at_start_is_told_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file or directory; make it a readable file"):
        PolicyFile(str(tmp_path / "none.yaml")).load()
    (tmp_path / "mesh.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        PolicyFile(str(tmp_path / "mesh.yaml")).load()
