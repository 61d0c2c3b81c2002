"""``spanmesh demo``: the mesh, the shop behind sidecars, its users, and on request a fault."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.request import ProxyHandler, Request, build_opener

from deploy.demo.load import Load
from deploy.demo.shop import SHOP
from deploy.processes import ports, up_command
from deploy.processes.run_command import proxy_environment
from deploy.processes.supervise import Supervisor, command

FAULTS = ("slow", "fail", "stall")
FAULTY = "reviews"
READY_SECONDS = 20.0
REPORT_SECONDS = 5.0
_WITHOUT_PROXY = build_opener(ProxyHandler({}))


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
        return f"{ports.LOOPBACK}:{self.inbound}"


def plan() -> list[Instance]:
    """Every instance of the shop with ports of its own."""
    services = [(name, number) for name, blueprint in SHOP.items() for number in range(blueprint.instances)]
    free = iter(ports.free(4 * len(services)))
    return [
        Instance(name, f"v{number + 1}", next(free), next(free), next(free), next(free))
        for name, number in services
    ]


def run(
    say: Callable[[str], None], *, fault: str, fault_after: float, rate: float, data: str, config: str
) -> int:
    """Run the demo until a signal; the exit status for the shell."""
    instances = plan()
    with Supervisor(say) as supervisor:
        given = {name: value for name, value in (("data", data), ("config", config)) if value}
        if not up_command.start(supervisor, given):
            return supervisor.first_exit() or 1
        for instance in instances:
            _start(supervisor, instance, instances)
        if not supervisor.wait_until(lambda: all(ports.accepts(i.inbound) for i in instances), READY_SECONDS):
            return supervisor.first_exit() or 1
        front = next(i for i in instances if i.service == "frontend")
        load = Load(ports.LOOPBACK, front.inbound, rate)
        load.start()
        _introduce(say, front)
        bad = next(i for i in instances if i.service == FAULTY)
        _watch(supervisor, say, load, bad, fault, fault_after)
        load.stop()
        return supervisor.first_exit()


def _start(supervisor: Supervisor, instance: Instance, shop: list[Instance]) -> None:
    addresses = {
        f"SHOP_{name.upper()}": ",".join(i.address for i in shop if i.service == name) for name in SHOP
    }
    environment = {**addresses, **proxy_environment(instance.outbound, instance.app)}
    program = [sys.executable, "-P", "-m", "deploy.demo.shop", instance.service, str(instance.app)]
    name = f"{instance.service} {instance.version}"
    supervisor.start(name, program, environment, restart=True)
    supervisor.start(
        f"sidecar of {name}",
        command(
            "sidecar",
            "--service",
            instance.service,
            "--version",
            instance.version,
            "--app",
            f"{ports.LOOPBACK}:{instance.app}",
            "--inbound",
            instance.address,
            "--outbound",
            f"{ports.LOOPBACK}:{instance.outbound}",
            "--admin",
            f"{ports.LOOPBACK}:{instance.admin}",
        ),
        restart=True,
    )


def _introduce(say: Callable[[str], None], front: Instance) -> None:
    say(f"shop        http://{front.address}/product/7")
    say(f"dashboard   http://{ports.DASHBOARD}")
    say(f"traces      {ports.API}/api/traces?service=frontend")
    say(f"The mesh only watches (stage observe). To let it route to {FAULTY}, and to see why it decides:")
    stage = f'{{"service":"{FAULTY}","stage":"route","percent":100}}'
    say(f"  curl -X PUT {ports.API}/api/mesh/stages -d '{stage}'")
    say(f"  curl '{ports.API}/api/mesh/decisions?service={FAULTY}'")
    say("Ctrl-C stops everything.")


def _watch(
    supervisor: Supervisor, say: Callable[[str], None], load: Load, bad: Instance, fault: str, after: float
) -> None:
    """Break the instance when it is time, and say every few seconds what users see."""
    fault_at = time.monotonic() + after if fault else float("inf")
    report_at = time.monotonic() + REPORT_SECONDS
    while supervisor.pause(0.1):
        now = time.monotonic()
        if now >= fault_at:
            fault_at = float("inf")
            _break(bad, fault)
            say(f"fault: {bad.service} {bad.version} at {bad.address} now answers every call with: {fault}")
        if now >= report_at:
            report_at = now + REPORT_SECONDS
            seen = load.seen(REPORT_SECONDS)
            say(f"users: {seen.count} requests, {100 * seen.success:.1f} % succeeded, p99 {seen.p99:.0f} ms")


def _break(instance: Instance, fault: str) -> None:
    url = f"http://{ports.LOOPBACK}:{instance.app}/fault"
    with _WITHOUT_PROXY.open(Request(url, data=fault.encode(), method="POST"), timeout=5):
        pass
