"""Start functions of the roles (collector, sidecar, …), each behind the packages it alone needs.

A machine that runs sidecars has neither dash nor ClickHouse installed, so a role's packages
are imported when the role is chosen, and a missing one is an error that names the extra.
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NoReturn

from rich.console import Console

import proxy
from collector.config import CollectorConfig
from dashboard.config import DashboardConfig
from deploy.importer.config import ImportConfig
from proxy.config import SidecarConfig
from proxy.contract.failure import ConfigError
from topology.settings import EngineSettings

# Looked for and not imported: the sidecar starts as a new program, so an import here would be lost time.
_SIDECAR: Final = ("httptools", "uvloop", "opentelemetry")


@contextmanager
def _extra(name: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"this command needs the Python package {error.name!r}: pip install 'spanmesh[{name}]'"
        ) from None


def sidecar(config: SidecarConfig) -> NoReturn:
    """Become a sidecar: this process goes on as a lean one, with what was checked here."""
    with _extra("sidecar"):
        for package in _SIDECAR:
            if find_spec(package) is None:
                raise ModuleNotFoundError(name=package)
    # From where we ourselves come, whatever lies in the folder the user happens to be in.
    home = str(Path(proxy.__file__).parent.parent)
    path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
    # exec and no child process: the memory of the command line is given back, and signals reach the sidecar
    # itself.
    argv = [sys.executable, "-P", "-m", "proxy", json.dumps(vars(config))]
    os.execve(sys.executable, argv, {**os.environ, "PYTHONPATH": path})


def collector(config: CollectorConfig, engine: EngineSettings) -> None:
    """Run a collector until SIGTERM."""
    with _extra("collector"):
        from collector import app
    app.run(config, engine)


def dashboard(config: DashboardConfig) -> None:
    """Run the dashboard until SIGTERM."""
    with _extra("dashboard"):
        from dashboard import app
    app.run(config)


def import_traces(files: Sequence[Path], config: ImportConfig, console: Console) -> int:
    """Send traces in files to a collector; return the exit status."""
    with _extra("collector"):
        from deploy.importer import traces
    return traces.run(files, config, console)


def check_policy(file: Path) -> list[str]:
    """Return a line for each problem of a mesh.yaml; none when it is valid."""
    with _extra("collector"):
        from topology.policy import mesh_yaml
        from topology.policy.problems import PolicyError
    try:
        mesh_yaml.parse(file.read_text(encoding="utf-8"))
    except PolicyError as error:
        return [str(problem) for problem in error.problems]
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"cannot read {file}: {reason}; name an existing UTF-8 file") from None
    return []
