"""The commands of ``spanmesh``. Their options are the fields of the settings classes they take."""

import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Final

import typer

from collector.config import CollectorConfig
from dashboard.config import DashboardConfig
from deploy.cli import status
from deploy.cli.options import GroupedCommand, settings_classes, with_settings
from deploy.cli.terminal import err, explained, out, say
from deploy.demo import app as demo_app
from deploy.importer.config import ImportConfig
from deploy.processes import roles, run_command, up_command
from proxy.config import SidecarConfig
from proxy.contract.failure import CONFIG_EXIT
from topology.settings import EngineSettings

app = typer.Typer(
    name="spanmesh",
    help="An observability-first service mesh: see every call first, then let it steer the traffic.",
    no_args_is_help=True,
    add_completion=False,
    # An unexpected error is a defect: a plain traceback can be pasted into a report.
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

SETTINGS: Final[dict[str, list[type]]] = {}
"""The settings classes of each command that has some, for the reference in docs/."""


def _command(name: str, *, takes_program: bool = False) -> Callable[[Callable[..., None]], None]:
    # Flags behind "--" are the program's, not ours.
    context = {"allow_extra_args": True, "ignore_unknown_options": True} if takes_program else {}

    def register(function: Callable[..., None]) -> None:
        SETTINGS[name] = list(settings_classes(function).values())
        app.command(name, cls=GroupedCommand, context_settings=context)(with_settings(function))

    return register


@_command("up")
def up(
    addresses: up_command.UpConfig,
    collector: CollectorConfig,
    dashboard: DashboardConfig,
    engine: EngineSettings,
) -> None:
    """Run collector and dashboard on this machine."""
    mesh = up_command.Mesh.of(addresses, collector, dashboard, engine)
    raise typer.Exit(up_command.run(say, mesh))


@_command("collector")
def collector_command(config: CollectorConfig, engine: EngineSettings) -> None:
    """Run the collector alone.

    It has the receivers, the store, the topology engine and the query API.
    """
    roles.collector(config, engine)


@_command("dashboard")
def dashboard_command(config: DashboardConfig) -> None:
    """Run the dashboard alone."""
    roles.dashboard(config)


@_command("sidecar")
def sidecar(config: SidecarConfig) -> None:
    """Run a sidecar for a service that is started elsewhere."""
    roles.sidecar(config)


@_command("run", takes_program=True)
def run(context: typer.Context, config: run_command.RunConfig) -> None:
    """Run a program with a sidecar beside it.

    spanmesh run --service NAME --port PORT -- CMD …
    """
    if not context.args:
        err.print("spanmesh: no program given: put it after --, for example -- python app.py", markup=False)
        raise typer.Exit(CONFIG_EXIT)
    raise typer.Exit(run_command.run(say, context.args, config))


@_command("demo")
def demo(
    shop: demo_app.DemoConfig,
    addresses: up_command.UpConfig,
    collector: CollectorConfig,
    dashboard: DashboardConfig,
    engine: EngineSettings,
) -> None:
    """Run an example shop with users and sidecars.

    On request one of its instances fails: --fault.
    """
    mesh = up_command.Mesh.of(addresses, collector, dashboard, engine)
    raise typer.Exit(demo_app.run(say, shop, mesh))


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"spanmesh {version('spanmesh')}")
        raise typer.Exit


@app.callback()
def main(
    *,
    wanted: Annotated[
        bool, typer.Option("--version", help="print the version", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Hold the options of ``spanmesh`` itself, before a command."""


@app.command(cls=GroupedCommand)
def check(file: Annotated[Path, typer.Argument(help="the mesh.yaml to validate")]) -> None:
    """Validate a policy file.

    Errors name line, key and fix; the exit status is then 1.
    """
    with explained():
        problems = roles.check_policy(file)
    for problem in problems:
        err.print(f"{file}: {problem}", markup=False)
    if problems:
        raise typer.Exit(1)
    say(f"{file} is valid")


@_command("import")
def import_command(
    files: Annotated[
        list[Path], typer.Argument(help="JSON of OTLP, Jaeger or Zipkin, also one on each line, also gzip")
    ],
    config: ImportConfig,
) -> None:
    """Send traces in files to a collector.

    The exit status is 1 when spans were left out.
    """
    raise typer.Exit(roles.import_traces(files, config, err))


@_command("status")
def status_command(config: status.StatusConfig) -> None:
    """Show services, endpoints and what is stored.

    With stage, success rate, p50 and p99, weights and ejections.
    """
    reply = status.fetch(config.api)
    if config.json:
        # Not with rich, which would wrap lines at the width of the terminal and break the JSON.
        sys.stdout.write(json.dumps(reply, indent=2) + "\n")
    else:
        out.print(status.tables(reply))
