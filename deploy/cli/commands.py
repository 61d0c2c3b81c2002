"""The commands of ``spanmesh``. Every option can also be given as SPANMESH_<OPTION>.

Options without a value here are left to the settings class of the process, which knows
the default, the environment and what is valid.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy import api
from deploy.cli import status
from deploy.demo import app as demo_app
from deploy.processes import ports, roles, run_command, up_command
from proxy.contract.failure import ConfigError

CONFIG_EXIT = 2
"""Exit status when the configuration must change before a start can succeed."""

app = typer.Typer(
    name="spanmesh",
    help="An observability-first service mesh: see every call first, then let it steer the traffic.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
_out = Console(highlight=False, soft_wrap=True)
_err = Console(stderr=True, highlight=False, soft_wrap=True)

Data = Annotated[str | None, typer.Option(help="directory of the embedded ClickHouse [./spanmesh-data]")]
ClickHouse = Annotated[
    str | None, typer.Option(help="clickhouse://user:password@host:9000/database instead of the embedded one")
]
Cluster = Annotated[
    str | None, typer.Option(help="cluster of that server to replicate and distribute the tables on")
]
RetentionDays = Annotated[int | None, typer.Option(help="days to keep what is stored [3]")]
Retention = Annotated[
    str | None, typer.Option(help="days by signal where they differ: traces=7,metrics=30,logs=3,mesh=30")
]
QueryGrpc = Annotated[
    str | None, typer.Option(help="Jaeger's gRPC query API, for example 127.0.0.1:16685 [off]")
]
Zipkin = Annotated[
    str | None, typer.Option(help="Zipkin's spans over HTTP, for example 127.0.0.1:9411 [off]")
]
Config = Annotated[str | None, typer.Option(help="mesh.yaml, reloaded when it changes")]
Mesh = Annotated[str | None, typer.Option(help=f"the collector's gRPC address [{ports.MESH}]")]
Api = Annotated[str, typer.Option(envvar="SPANMESH_API", help="base URL of the query API")]
Service = Annotated[
    str, typer.Option(envvar="SPANMESH_SERVICE", help="name of the service beside the sidecar")
]
Version = Annotated[str | None, typer.Option(help="version of the service, for graphs and splits")]
Zone = Annotated[str | None, typer.Option(help="zone the instance runs in")]
Namespace = Annotated[str | None, typer.Option(help="namespace of the service, for graphs")]


class Fault(StrEnum):
    """What the demo can break."""

    slow = "slow"
    fail = "fail"
    stall = "stall"


def _say(line: str) -> None:
    _out.print(line, markup=False)


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what the user can mend into one line and an exit status, never a traceback."""
    try:
        yield
    except ConfigError as error:
        for line in str(error).splitlines():
            _err.print(f"spanmesh: {line}", markup=False)
        raise typer.Exit(CONFIG_EXIT) from None
    except api.ApiError as error:
        _err.print(f"spanmesh: {error}", markup=False)
        raise typer.Exit(1) from None


def _serve(start: Callable[..., None], **options: str | float | None) -> None:
    with _explained():
        start(options)


@app.command("up")
def up(
    data: Data = None,
    clickhouse: ClickHouse = None,
    cluster: Cluster = None,
    config: Config = None,
    zipkin: Zipkin = None,
    query_grpc: QueryGrpc = None,
    retention_days: RetentionDays = None,
    retention: Retention = None,
) -> None:
    """Collector and dashboard on this machine."""
    given = {
        "data": data,
        "clickhouse": clickhouse,
        "cluster": cluster,
        "config": config,
        "zipkin": zipkin,
        "query-grpc": query_grpc,
        "retention-days": retention_days,
        "retention": retention,
    }
    raise typer.Exit(
        up_command.run(_say, {name: str(value) for name, value in given.items() if value is not None})
    )


@app.command()
def collector(
    data: Data = None,
    clickhouse: ClickHouse = None,
    cluster: Cluster = None,
    config: Config = None,
    grpc: Annotated[str | None, typer.Option(help=f"OTLP/gRPC and xDS [{ports.MESH}]")] = None,
    http: Annotated[str | None, typer.Option(help=f"OTLP/HTTP [{ports.OTLP_HTTP}]")] = None,
    query: Annotated[str | None, typer.Option(help=f"query API [{ports.QUERY}]")] = None,
    query_grpc: QueryGrpc = None,
    zipkin: Zipkin = None,
    retention_days: RetentionDays = None,
    retention: Retention = None,
    name: Annotated[str | None, typer.Option(help="of this collector [the host's name]")] = None,
) -> None:
    """The collector alone: receivers, store, topology engine, query API."""
    _serve(
        roles.collector,
        data=data,
        clickhouse=clickhouse,
        cluster=cluster,
        config=config,
        grpc=grpc,
        http=http,
        query=query,
        query_grpc=query_grpc,
        zipkin=zipkin,
        retention_days=retention_days,
        retention=retention,
        name=name,
    )


@app.command()
def dashboard(
    listen: Annotated[str | None, typer.Option(help=f"address of the dashboard [{ports.DASHBOARD}]")] = None,
    api: Annotated[str | None, typer.Option(help=f"base URL of the query API [{ports.API}]")] = None,
) -> None:
    """The dashboard alone."""
    _serve(roles.dashboard, listen=listen, api=api)


@app.command()
def sidecar(
    service: Service,
    app: Annotated[str | None, typer.Option(help="HOST:PORT the service itself listens on")] = None,
    inbound: Annotated[str | None, typer.Option(help=f"where callers connect [{ports.INBOUND}]")] = None,
    outbound: Annotated[str | None, typer.Option(help="the service's HTTP proxy [127.0.0.1:15001]")] = None,
    admin: Annotated[
        str | None, typer.Option(help="/ready /stats /config /metrics [127.0.0.1:15000]")
    ] = None,
    mesh: Mesh = None,
    version: Version = None,
    zone: Zone = None,
    namespace: Namespace = None,
    sample: Annotated[float | None, typer.Option(help="share of traces to record, 0 to 1 [1.0]")] = None,
    workers: Annotated[int | None, typer.Option(help="processes that share the work [1]")] = None,
    intercept: Annotated[
        bool, typer.Option("--intercept", help="take what deploy/container/intercept.sh turns to the sidecar")
    ] = False,
    app_protocol: Annotated[
        str | None, typer.Option(help="what the service speaks: http, tcp, or auto where intercepted [auto]")
    ] = None,
) -> None:
    """One sidecar, beside a service that is started elsewhere."""
    _serve(
        roles.sidecar,
        service=service,
        app=app,
        inbound=inbound,
        outbound=outbound,
        admin=admin,
        mesh=mesh,
        version=version,
        zone=zone,
        namespace=namespace,
        sample=sample,
        workers=workers,
        intercept=intercept or None,
        app_protocol=app_protocol,
    )


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run(
    context: typer.Context,
    service: Service,
    port: Annotated[int, typer.Option(help="port the program listens on, also told to it as PORT")],
    inbound: Annotated[
        str | None, typer.Option(help=f"where callers connect [{ports.INBOUND}, or a free port]")
    ] = None,
    mesh: Mesh = None,
    version: Version = None,
    zone: Zone = None,
    namespace: Namespace = None,
) -> None:
    """spanmesh run --service NAME --port PORT -- CMD …: a program with a sidecar beside it."""
    if not context.args:
        _err.print("spanmesh: no program given: put it after --, for example -- python app.py", markup=False)
        raise typer.Exit(CONFIG_EXIT)
    with _explained():
        result = run_command.run(
            _say,
            context.args,
            service=service,
            port=port,
            inbound=inbound or "",
            mesh=mesh or "",
            version=version or "",
            zone=zone or "",
            namespace=namespace or "",
        )
    raise typer.Exit(result)


@app.command()
def demo(
    fault: Annotated[Fault | None, typer.Option(help="break one instance of reviews after a while")] = None,
    fault_after: Annotated[float, typer.Option(help="seconds from the start of the load to the fault")] = 8.0,
    rate: Annotated[float, typer.Option(help="requests per second of the shop's users")] = 20.0,
    data: Data = None,
    config: Config = None,
) -> None:
    """A shop of plain services behind sidecars, its users, and on request a fault."""
    with _explained():
        result = demo_app.run(
            _say,
            fault=fault.value if fault else "",
            fault_after=fault_after,
            rate=rate,
            data=data or "",
            config=config or "",
        )
    raise typer.Exit(result)


@app.command()
def check(file: Annotated[Path, typer.Argument(help="the mesh.yaml to validate")]) -> None:
    """Validate a policy file: errors with line, key and fix; exit status 1."""
    with _explained():
        problems = roles.problems(file)
    for problem in problems:
        _err.print(f"{file}: {problem}", markup=False)
    if problems:
        raise typer.Exit(1)
    _say(f"{file} is valid")


@app.command("import")
def import_command(
    files: Annotated[
        list[Path], typer.Argument(help="JSON of OTLP, Jaeger or Zipkin, also one on each line, also gzip")
    ],
    to: Annotated[
        str, typer.Option(envvar="SPANMESH_TO", help="base URL of the collector's OTLP/HTTP")
    ] = ports.OTLP,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only count what is in the files")] = False,
    shift_to_now: Annotated[
        bool, typer.Option("--shift-to-now", help="move all times so that the newest span ends now")
    ] = False,
) -> None:
    """Traces in files to a collector; exit status 1 when any were left out."""
    with _explained():
        result = roles.imported(files, to, dry_run=dry_run, shift_to_now=shift_to_now, console=_err)
    raise typer.Exit(result)


@app.command("status")
def status_command(
    as_json: Annotated[bool, typer.Option("--json", help="the same as JSON")] = False, api: Api = ports.API
) -> None:
    """Services, endpoints, stage, success rate, p50/p99, weights and ejections."""
    with _explained():
        found = status.fetch(api)
    if as_json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    else:
        _out.print(status.tables(found))
