"""``spanmesh up``: collector and dashboard, supervised together."""

from collections.abc import Callable, Sequence

from deploy import api, ports
from deploy.supervise import Supervisor, command

READY_SECONDS = 30.0


def start(
    supervisor: Supervisor, *, data: str, clickhouse: str, config: str, dashboard: bool = True
) -> bool:
    """Start both and wait until the collector is ready; False when one of them ended instead.

    Each is started again when it crashes: what was acknowledged is on disk, so a restarted
    collector goes on where it was.
    """
    options = _options(data=data, clickhouse=clickhouse, config=config)
    supervisor.start("collector", command("collector", *options), restart=True)
    if dashboard:
        supervisor.start("dashboard", command("dashboard"), restart=True)
    return supervisor.wait_until(lambda: api.answers(ports.API, "/readyz"), READY_SECONDS)


def run(say: Callable[[str], None], *, data: str, clickhouse: str, config: str) -> int:
    """Run until a signal; the exit status for the shell."""
    with Supervisor(say) as supervisor:
        if not start(supervisor, data=data, clickhouse=clickhouse, config=config):
            return supervisor.first_exit()
        say(f"collector   OTLP and xDS at {ports.MESH}, OTLP/HTTP at {ports.OTLP_HTTP}")
        say(f"query API   {ports.API}/api/mesh/graph")
        say(f"dashboard   http://{ports.DASHBOARD}")
        say("Ctrl-C stops them.")
        return supervisor.wait()


def _options(**given: str) -> Sequence[str]:
    return [part for key, value in given.items() if value for part in (f"--{key}", value)]
