"""The pool of workers: sums over processes, and urgent reports that do not multiply with them.

Real processes run in tests/proxy/test_supervisor.py.
"""

import asyncio

from proxy.config import SidecarConfig
from proxy.contract import attributes
from proxy.telemetry.meter import Meter
from proxy.telemetry.metrics import Gauge
from proxy.workers.worker_pool import WorkerHandle, WorkerPool, total


def pool(reports: list[str] | None = None) -> WorkerPool:
    config = SidecarConfig(service="cart", inbound="", workers=4)
    made = [] if reports is None else reports
    return WorkerPool(config, Meter(), lambda span: None, lambda: made.append("now"))


def worker(*gauges: Gauge) -> WorkerHandle:
    handle = WorkerHandle(Meter(), lambda span: None, lambda: None)
    handle.gauges = list(gauges)
    return handle


def test_many_urgent_workers_are_one_report() -> None:
    reports: list[str] = []

    async def run() -> None:
        workers = pool(reports)
        for _ in range(4):
            workers.on_urgent()

    asyncio.run(run())
    assert reports == ["now"]


def test_gauges_add_up_and_of_ages_the_greatest_counts() -> None:
    workers = pool()
    cart = {attributes.PEER_SERVICE: "cart"}
    workers.workers = [
        worker(Gauge(attributes.CLIENT_ACTIVE, 2, cart), Gauge(attributes.OLDEST_AGE, 0.5, cart)),
        worker(Gauge(attributes.CLIENT_ACTIVE, 3, cart), Gauge(attributes.OLDEST_AGE, 0.2, cart)),
        worker(Gauge(attributes.CLIENT_ACTIVE, 1, {attributes.PEER_SERVICE: "pay"})),
    ]
    found = workers.gauges()
    assert {(each.name, each.attributes[attributes.PEER_SERVICE]): each.value for each in found} == {
        (attributes.CLIENT_ACTIVE, "cart"): 5,
        (attributes.OLDEST_AGE, "cart"): 0.5,
        (attributes.CLIENT_ACTIVE, "pay"): 1,
    }


def test_stats_add_up_over_workers_reasons_and_endpoints() -> None:
    figures = {"open": 1, "oldest": 0.5, "latency": 0.1, "breaker": "closed", "avoided": "", "reason": ""}
    row = {"service": "cart", "address": "10.0.0.1:80", **figures}
    worse = {**row, "open": 2, "oldest": 0.1, "latency": 0.3, "breaker": "open"}
    other = {**row, "address": "10.0.0.2:80"}
    found = total(
        [
            {"inbound_requests": 2, "refused": {"loop": 1}, "endpoints": [row, other], "service": "cart"},
            {"inbound_requests": 3, "refused": {"loop": 1, "overload": 4}, "endpoints": [worse]},
        ]
    )
    assert found == {
        "inbound_requests": 5,
        "refused": {"loop": 2, "overload": 4},
        "endpoints": [{**row, "open": 3, "latency": 0.3, "breaker": "open"}, other],
        "service": "cart",
    }
