"""``spanmesh run``: the user's program with a sidecar beside it, adoption in one line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from deploy.processes import ports
from deploy.processes.supervise import Supervisor, command
from proxy.config import SidecarConfig
from proxy.contract.address import check_address_or_off
from proxy.contract.option import Option, variable
from proxy.contract.settings import environment

# A sidecar starts in well under a second; the rest is for a machine that is busy.
READY_SECONDS = 10.0
# A port that can be remembered, as callers have to be given it; Istio's sidecars use it too.
_INBOUND_PORT = 15006


def _address(text: str) -> Option:
    return Option(help=text, unit="HOST:PORT", check=check_address_or_off)


@dataclass(frozen=True, kw_only=True)
class RunConfig(SidecarConfig):
    """A sidecar beside a program that listens on a port: addresses that are not given are chosen."""

    port: Annotated[
        int, Option(help="port the program listens on; it finds it in PORT", unit="PORT", least=1, most=65535)
    ]
    app: Annotated[str, _address("address of the program; loopback and --port when empty")] = ""
    inbound: Annotated[
        str, _address("address that callers connect to; 127.0.0.1:15006 or a free port when empty")
    ] = ""
    outbound: Annotated[
        str, _address("the HTTP proxy for the program's own calls; a free port when empty")
    ] = ""
    admin: Annotated[
        str, _address("admin port: /ready, /stats, /config, /metrics; a free port when empty")
    ] = ""
    no_proxy: Annotated[
        str, Option(help="hosts that the program calls directly; it finds them in NO_PROXY", unit="HOST,…")
    ] = ""

    def __post_init__(self) -> None:
        """Check nothing: missing addresses are chosen when the sidecar is started."""


def run(say: Callable[[str], None], program: Sequence[str], config: RunConfig) -> int:
    """Run ``program`` until it ends or a signal comes; return its exit status.

    The program listens on ``port`` as it always did (it also finds it in PORT) and reaches others
    through http_proxy. Callers reach it through ``inbound``.
    """
    chosen = _addresses(config)
    proxy = ports.url(chosen["outbound"])
    # Through the environment: a command line can be read by every user of the machine, and may get too long.
    settings = {**environment(config), **{variable(name): text for name, text in chosen.items()}}
    with Supervisor(say) as supervisor:
        sidecar = supervisor.start("sidecar", command("sidecar"), settings)
        if not supervisor.wait_until(lambda: ports.accepts(chosen["outbound"]), READY_SECONDS):
            # The status of a sidecar that ended; 1 if it did not become ready, or ended without an error.
            return sidecar.process.poll() or 1
        say(
            f"{config.service}: callers use {chosen['inbound']}, "
            f"its own calls leave through {chosen['outbound']}"
        )
        # After the sidecar: the program's first call must find its proxy.
        supervisor.start("program", program, proxy_environment(proxy, config.port, config.no_proxy))
        return supervisor.wait()


def _addresses(config: RunConfig) -> dict[str, str]:
    """Return the sidecar's addresses: those that were given, and chosen ones for the rest."""
    spare, outbound, admin = ports.free(3)
    # The second program on one machine finds it taken.
    inbound = _INBOUND_PORT if ports.is_free(_INBOUND_PORT) else spare
    chosen = {"app": config.port, "inbound": inbound, "outbound": outbound, "admin": admin}
    return {name: getattr(config, name) or f"{ports.LOOPBACK}:{port}" for name, port in chosen.items()}


def proxy_environment(proxy: str, port: int, exempt: str = "") -> dict[str, str]:
    """Return the variables that make an unchanged program send its HTTP calls through ``proxy``."""
    # Loopback destinations are often exempt by default; beside a sidecar they must not be.
    # In both cases of letters: curl reads http_proxy only in lower case, other clients the upper one.
    names = {"http_proxy": proxy, "HTTP_PROXY": proxy, "no_proxy": exempt, "NO_PROXY": exempt}
    return {**names, "PORT": str(port)}
