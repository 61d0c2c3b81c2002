"""``spanmesh demo``: the mesh, the shop behind sidecars, its users, and on request a fault."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal
from urllib.request import Request

from deploy import api
from deploy.demo.load import Load
from deploy.demo.shop import SHOP
from deploy.processes import ports, up_command
from deploy.processes.run_command import proxy_environment
from deploy.processes.supervise import Supervisor, command
from deploy.processes.up_command import Mesh
from proxy.contract.api.decisions import StageView
from proxy.contract.api.mesh_routes import STAGES
from proxy.contract.model import Stage
from proxy.contract.option import Option, flag
from proxy.contract.transport.http_client import opener

FAULTY: Final = "reviews"
# More than twenty processes start at once, on as few as two processors.
READY_SECONDS: Final = 20.0
REPORT_SECONDS: Final = 5.0
# The fault goes straight to the program: through a proxy of the user's it would not arrive.
_WITHOUT_PROXY: Final = opener()


@dataclass(frozen=True, kw_only=True)
class DemoConfig:
    """The load of the shop's users, and a fault on request."""

    fault: Annotated[
        Literal["none", "slow", "fail", "stall"], Option(help="break one instance of reviews after a while")
    ] = "none"
    fault_after: Annotated[
        float, Option(help="from the start of the users to the fault", unit="SECONDS", least=0)
    ] = 8.0
    rate: Annotated[float, Option(help="requests per second of the shop's users", above=0)] = 20.0


@dataclass(frozen=True)
class Instance:
    """One instance of a service and the loopback ports around it."""

    service: str
    version: str
    app: int
    inbound: int
    outbound: int
    admin: int

    @property
    def address(self) -> str:
        """The address that callers connect to: the sidecar's inbound listener."""
        return f"{ports.LOOPBACK}:{self.inbound}"


def plan() -> list[Instance]:
    """Return every instance of the shop, each with four free ports."""
    services = [(name, number) for name, blueprint in SHOP.items() for number in range(blueprint.instances)]
    # All at once: asked for one after the other, the same port could be given twice.
    free = iter(ports.free(4 * len(services)))
    return [
        Instance(name, f"v{number + 1}", next(free), next(free), next(free), next(free))
        for name, number in services
    ]


def run(say: Callable[[str], None], config: DemoConfig, mesh: Mesh) -> int:
    """Run the demo until a signal; return the exit status for the shell."""
    instances = plan()
    with Supervisor(say) as supervisor:
        if not up_command.start(supervisor, mesh):
            # No child failed, but the mesh did not become ready: this is no success either.
            return supervisor.first_exit() or 1
        # After the collector, so that each sidecar finds it with its first attempt.
        for instance in instances:
            _start(supervisor, instance, instances, mesh.collector.grpc)
        if not supervisor.wait_until(
            lambda: all(ports.accepts(each.address) for each in instances), READY_SECONDS
        ):
            return supervisor.first_exit() or 1
        front = next(i for i in instances if i.service == "frontend")
        load = Load(ports.LOOPBACK, front.inbound, config.rate)
        load.start()
        _introduce(say, front, mesh)
        bad = next(i for i in instances if i.service == FAULTY)
        _watch(supervisor, say, load, bad, config)
        load.stop()
        return supervisor.first_exit()


def _start(supervisor: Supervisor, instance: Instance, shop: list[Instance], grpc: str) -> None:
    addresses = {
        f"SHOP_{name.upper()}": ",".join(i.address for i in shop if i.service == name) for name in SHOP
    }
    # Addresses are those of the callees' sidecars, calls go out through the own one: both ends see each call.
    proxy = f"http://{ports.LOOPBACK}:{instance.outbound}"
    program = [sys.executable, "-P", "-m", "deploy.demo.shop", instance.service, str(instance.app)]
    name = f"{instance.service} {instance.version}"
    supervisor.start(name, program, {**addresses, **proxy_environment(proxy, instance.app)}, restart=True)
    options = {
        "service": instance.service,
        "version": instance.version,
        "app": f"{ports.LOOPBACK}:{instance.app}",
        "inbound": instance.address,
        "outbound": f"{ports.LOOPBACK}:{instance.outbound}",
        "admin": f"{ports.LOOPBACK}:{instance.admin}",
        "mesh": grpc,
    }
    flags = (f"{flag(option)}={value}" for option, value in options.items())
    supervisor.start(f"sidecar of {name}", command("sidecar", *flags), restart=True)


def _introduce(say: Callable[[str], None], front: Instance, mesh: Mesh) -> None:
    say(f"shop        http://{front.address}/product/7")
    say(f"dashboard   {ports.url(mesh.dashboard.listen)}")
    say(f"traces      {mesh.api}/api/traces?service=frontend")
    say(stages_in_force(api.ask(mesh.api, STAGES)["stages"]))
    say(f"To let it route to {FAULTY}, and to see why it decides:")
    stage = f'{{"service":"{FAULTY}","stage":"route","percent":100}}'
    say(f"  curl -X PUT {mesh.api}/api/mesh/stages -d '{stage}'")
    say(f"  curl '{mesh.api}/api/mesh/decisions?service={FAULTY}'")
    say("Ctrl-C stops everything.")


def stages_in_force(stages: Sequence[StageView]) -> str:
    """Return a sentence that says which services are not only observed: a former run may have left stages."""
    raised = [
        f"{each['service']} {each['stage']}"
        + (f" {each['percent']} %" if each["stage"] == Stage.ROUTE.value else "")
        for each in stages
        if each["stage"] != Stage.OBSERVE.value
    ]
    if not raised:
        return "The mesh only watches (stage observe)."
    return f"Stages in force, kept from before or set in --config: {', '.join(raised)}; others: observe."


def _watch(
    supervisor: Supervisor, say: Callable[[str], None], load: Load, bad: Instance, config: DemoConfig
) -> None:
    """Inject the fault when it is due, and print every few seconds what users see."""
    fault = config.fault
    fault_at = time.monotonic() + config.fault_after if fault != "none" else float("inf")
    report_at = time.monotonic() + REPORT_SECONDS
    # Short pauses: a signal, the end of a child and the fault are all noticed within a tenth of a second.
    while supervisor.pause(0.1):
        now = time.monotonic()
        if now >= fault_at:
            # Once only.
            fault_at = float("inf")
            _break(bad, fault)
            say(f"fault: {bad.service} {bad.version} at {bad.address} now answers every call with: {fault}")
        if now >= report_at:
            report_at = now + REPORT_SECONDS
            seen = load.recent(REPORT_SECONDS)
            say(f"users: {seen.count} requests, {100 * seen.success:.1f} % succeeded, p99 {seen.p99:.0f} ms")


def _break(instance: Instance, fault: str) -> None:
    url = f"http://{ports.LOOPBACK}:{instance.app}/fault"
    with _WITHOUT_PROXY.open(Request(url, data=fault.encode(), method="POST"), timeout=5):
        pass
