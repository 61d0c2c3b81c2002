"""The processes that ``spanmesh`` can be, each behind the packages it alone needs.

A machine that runs sidecars has neither dash nor ClickHouse installed, so a role's packages
are imported when the role is chosen, and a missing one is an error that names the extra.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from proxy.contract.settings import ConfigError, load

Options = Mapping[str, Any]


@contextmanager
def _extra(name: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"this command needs the Python package {error.name!r}: pip install 'spanmesh[{name}]'"
        ) from None


def sidecar(options: Options) -> None:
    """Run a sidecar until SIGTERM."""
    with _extra("sidecar"):
        from proxy import app, config
    app.run(load(config.SidecarConfig, options))


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


def problems(file: Path) -> list[str]:
    """What is wrong with a mesh.yaml, a line each; empty when it is valid."""
    with _extra("collector"):
        from topology import policy
    try:
        policy.parse(file.read_text(encoding="utf-8"))
    except policy.PolicyError as error:
        return [str(problem) for problem in error.problems]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {file}: {error}. Name an existing UTF-8 file") from None
    return []
