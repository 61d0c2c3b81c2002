"""The processes that ``spanmesh`` can be, each behind the packages it alone needs.

A machine that runs sidecars has neither dash nor ClickHouse installed, so a role's packages
are imported when the role is chosen, and a missing one is an error that names the extra.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NoReturn

from proxy.contract.failure import ConfigError
from proxy.contract.settings import load

Options = Mapping[str, Any]
_SIDECAR: Final = ("httptools", "uvloop", "opentelemetry")


@contextmanager
def _extra(name: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"this command needs the Python package {error.name!r}: pip install 'spanmesh[{name}]'"
        ) from None


def sidecar(options: Options) -> NoReturn:
    """Become a sidecar: this process goes on as a lean one, with what was checked here."""
    with _extra("sidecar"):
        from proxy import config

        for package in _SIDECAR:
            if find_spec(package) is None:
                raise ModuleNotFoundError(name=package)
    settings = load(config.SidecarConfig, options)
    # From where we ourselves come, whatever lies in the folder the user happens to be in.
    home = str(Path(config.__file__).parent.parent)
    path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
    argv = [sys.executable, "-P", "-m", "proxy", settings.model_dump_json()]
    os.execve(sys.executable, argv, {**os.environ, "PYTHONPATH": path})


def collector(options: Options) -> None:
    """Run a collector until SIGTERM."""
    with _extra("collector"):
        from collector import app, config
    app.run(load(config.CollectorConfig, options))


def dashboard(options: Options) -> None:
    """Run the dashboard until SIGTERM."""
    with _extra("dashboard"):
        from dashboard import app, config
    app.run(load(config.DashboardConfig, options))


def imported(files: Sequence[Path], to: str, **options: Any) -> int:
    """Traces in files to the collector at ``to``; the exit status."""
    with _extra("collector"):
        from deploy.importer import traces
    return traces.run(files, to, **options)


def problems(file: Path) -> list[str]:
    """What is wrong with a mesh.yaml, a line each; empty when it is valid."""
    with _extra("collector"):
        from topology.policy import mesh_yaml
        from topology.policy.problems import PolicyError
    try:
        mesh_yaml.parse(file.read_text(encoding="utf-8"))
    except PolicyError as error:
        return [str(problem) for problem in error.problems]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {file}: {error}. Name an existing UTF-8 file") from None
    return []
