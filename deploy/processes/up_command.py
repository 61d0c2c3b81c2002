"""``spanmesh up``: collector and dashboard, supervised together."""

from collections.abc import Callable, Mapping

from deploy import api
from deploy.processes import ports
from deploy.processes.supervise import Supervisor, command

READY_SECONDS = 30.0


def start(supervisor: Supervisor, options: Mapping[str, str], *, dashboard: bool = True) -> bool:
    """Start both and wait until the collector is ready; False when one of them ended instead.

    ``options`` are those of the collector, by name. Each is started again when it crashes: what was
    acknowledged is on disk, so a restarted collector goes on where it was.
    """
    # With "=", so that a value that begins with a dash stays one.
    given = (f"--{name}={value}" for name, value in options.items())
    supervisor.start("collector", command("collector", *given), restart=True)
    if dashboard:
        supervisor.start("dashboard", command("dashboard"), restart=True)
    return supervisor.wait_until(lambda: api.answers(ports.API, "/readyz"), READY_SECONDS)


def run(say: Callable[[str], None], options: Mapping[str, str]) -> int:
    """Run with options of the collector until a signal; the exit status for the shell."""
    with Supervisor(say) as supervisor:
        if not start(supervisor, options):
            return supervisor.first_exit()
        say(f"collector   OTLP and xDS at {ports.MESH}, OTLP/HTTP at {ports.OTLP_HTTP}")
        say(f"query API   {ports.API}/api/mesh/graph")
        say(f"dashboard   http://{ports.DASHBOARD}")
        say("Ctrl-C stops them.")
        return supervisor.wait()
