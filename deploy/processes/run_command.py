"""``spanmesh run``: the user's program with a sidecar beside it, adoption in one line."""

import os
from collections.abc import Callable, Sequence

from deploy.processes import ports
from deploy.processes.supervise import Supervisor, command

READY_SECONDS = 10.0


def run(
    say: Callable[[str], None],
    program: Sequence[str],
    *,
    service: str,
    port: int,
    inbound: str,
    mesh: str,
    version: str,
    zone: str,
    namespace: str = "",
) -> int:
    """Run ``program`` until it ends or a signal comes; its exit status.

    The program listens on ``port`` as it always did (also told to it as PORT) and reaches
    others through http_proxy. Callers reach it through ``inbound``.
    """
    outbound_port, admin_port = ports.free(2)
    if not inbound:
        inbound = ports.INBOUND if ports.is_free(15006) else f"{ports.LOOPBACK}:{ports.free(1)[0]}"
    options = {
        "service": service,
        "app": f"{ports.LOOPBACK}:{port}",
        "inbound": inbound,
        "mesh": mesh,
        "outbound": f"{ports.LOOPBACK}:{outbound_port}",
        "admin": f"{ports.LOOPBACK}:{admin_port}",
        "version": version,
        "zone": zone,
        "namespace": namespace,
    }
    arguments = [part for key, value in options.items() if value for part in (f"--{key}", value)]
    with Supervisor(say) as supervisor:
        sidecar = supervisor.start("sidecar", command("sidecar", *arguments))
        if not supervisor.wait_until(lambda: ports.accepts(outbound_port), READY_SECONDS):
            return sidecar.process.poll() or 1
        say(f"{service}: callers use {inbound}, its own calls leave through 127.0.0.1:{outbound_port}")
        supervisor.start("program", program, proxy_environment(outbound_port, port))
        return supervisor.wait()


def proxy_environment(outbound_port: int, port: int) -> dict[str, str]:
    """What makes an unchanged program send its HTTP calls through the sidecar."""
    proxy = f"http://{ports.LOOPBACK}:{outbound_port}"
    # Loopback destinations are often exempt by default; beside a sidecar they must not be.
    exempt = os.environ.get("SPANMESH_NO_PROXY", "")
    names = {"http_proxy": proxy, "HTTP_PROXY": proxy, "no_proxy": exempt, "NO_PROXY": exempt}
    return {**names, "PORT": str(port)}
