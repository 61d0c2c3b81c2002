"""``spanmesh up``: collector and dashboard, supervised together."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Self

from collector.config import CollectorConfig
from dashboard.config import DashboardConfig
from deploy import api
from deploy.processes import ports
from deploy.processes.supervise import Supervisor, command
from proxy.contract.option import Option
from proxy.contract.settings import environment
from proxy.contract.transport import streams
from topology.settings import EngineSettings

READY_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class UpConfig:
    """The addresses of collector and dashboard when they are started together."""

    ports_from: Annotated[
        int,
        Option(
            help="first of four loopback ports for --grpc, --http, --query and --listen, for a second mesh "
            "on one machine; addresses that are given are kept; 0: the usual ports",
            unit="PORT",
            least=0,
            most=65532,
        ),
    ] = 0


@dataclass(frozen=True)
class Mesh:
    """The settings of a collector and of the dashboard that reads from it."""

    collector: CollectorConfig
    dashboard: DashboardConfig
    engine: EngineSettings

    @classmethod
    def of(
        cls,
        addresses: UpConfig,
        collector: CollectorConfig,
        dashboard: DashboardConfig,
        engine: EngineSettings,
    ) -> Self:
        """Return the settings with default addresses moved to ``ports_from``, and the dashboard's API set."""
        if addresses.ports_from:
            first = addresses.ports_from
            collector = _moved(collector, grpc=first, http=first + 1, query=first + 2)
            dashboard = _moved(dashboard, listen=first + 3)
        # A dashboard that was given another collector keeps it.
        if dashboard.api == DashboardConfig.api:
            dashboard = replace(dashboard, api=ports.url(collector.query))
        return cls(collector, dashboard, engine)

    @property
    def api(self) -> str:
        """The base URL of the collector's query API."""
        return ports.url(self.collector.query)


def _moved(settings: Any, **to: int) -> Any:
    """Return the settings with each address that is still the default one on a loopback port."""
    # A dataclass keeps the default of a field as an attribute of the class.
    moved = {
        name: f"{ports.LOOPBACK}:{port}"
        for name, port in to.items()
        if getattr(settings, name) == getattr(type(settings), name)
    }
    return replace(settings, **moved)


def start(supervisor: Supervisor, mesh: Mesh) -> bool:
    """Start both and wait until the collector is ready; return False when one of them ended instead.

    Each is started again when it crashes: what was acknowledged is on disk, so a restarted collector
    goes on where it was. Raises ConfigError for a port that is taken.
    """
    _require_free_ports(mesh)
    settings = {**environment(mesh.collector), **environment(mesh.engine)}
    supervisor.start("collector", command("collector"), settings, restart=True)
    supervisor.start("dashboard", command("dashboard"), environment(mesh.dashboard), restart=True)
    # The dashboard needs no wait of its own: its pages say when the collector does not answer.
    return supervisor.wait_until(lambda: api.answers(mesh.api, "/readyz"), READY_SECONDS)


def _require_free_ports(mesh: Mesh) -> None:
    # Before the start: another collector at the port of ours would answer for it that it is ready.
    addresses = {name: getattr(mesh.collector, name) for name in ("grpc", "http", "query")}
    for name, address in {**addresses, "listen": mesh.dashboard.listen}.items():
        streams.reserve(name, address).close()


def run(say: Callable[[str], None], mesh: Mesh) -> int:
    """Run until a signal; return the exit status for the shell."""
    with Supervisor(say) as supervisor:
        if not start(supervisor, mesh):
            return supervisor.first_exit()
        say(f"collector   OTLP and xDS at {mesh.collector.grpc}, OTLP/HTTP at {mesh.collector.http}")
        say(f"query API   {mesh.api}/api/mesh/graph")
        say(f"dashboard   {ports.url(mesh.dashboard.listen)}")
        say("Ctrl-C stops them.")
        return supervisor.wait()
