"""A role reports its missing packages at its start; its work is tested with its process."""

import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.processes import roles
from proxy.config import SidecarConfig
from proxy.contract.failure import ConfigError

CONFIG = SidecarConfig(service="cart", app="127.0.0.1:8081")


class ReplacedError(Exception):
    """Raised in place of replacing the process."""


def test_a_sidecar_goes_on_as_a_lean_process_with_its_whole_configuration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Any] = []

    def execve(*arguments: Any) -> None:
        seen.extend(arguments)
        raise ReplacedError

    monkeypatch.setattr(os, "execve", execve)
    with pytest.raises(ReplacedError):
        roles.sidecar(CONFIG)
    program, argv, environment = seen
    assert program == sys.executable
    assert argv[1:4] == ["-P", "-m", "proxy"]
    assert SidecarConfig(**json.loads(argv[4])) == CONFIG
    assert str(Path(roles.__file__).parents[2]) in environment["PYTHONPATH"].split(os.pathsep)


def test_a_missing_package_is_named_with_the_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        roles, "find_spec", lambda name: None if name == "uvloop" else importlib.util.find_spec(name)
    )
    with pytest.raises(
        ConfigError, match=r"needs the Python package 'uvloop': pip install 'spanmesh\[sidecar\]'"
    ):
        roles.sidecar(CONFIG)


def test_a_policy_file_is_valid_or_has_a_line_for_each_problem(tmp_path: Path) -> None:
    file = tmp_path / "mesh.yaml"
    file.write_text("services:\n  reviews: {stage: route}\n")
    assert roles.check_policy(file) == []
    file.write_text("services:\n  reviews: {stagee: route}\n  cart: {percent: many}\n")
    assert [line.split(":")[0] for line in roles.check_policy(file)] == ["line 2", "line 3"]


def test_a_policy_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"none\.yaml: No such file or directory; name an existing UTF-8 file"
    ):
        roles.check_policy(tmp_path / "none.yaml")
