"""Simulated sidecars of the scale benchmark: ``python -m tests.bench.scale_worker`` with JSON on stdin.

Each has a delta ADS stream and an OTLP connection of its own and reports twice a second. Bodies of
what the mesh sends are not decoded but for the service at fault: a real sidecar spends that time
in a process of its own.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import grpc
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from proxy.contract import attributes as names
from proxy.contract.histogram import Histogram
from proxy.contract.model import Node
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Arm
from proxy.contract.xds import assignments, nodes, protocol
from proxy.contract.xds import messages_pb2 as pb
from proxy.contract.xds.subscriptions import WILDCARD, Subscriber, SubscriptionRequest
from proxy.telemetry import metrics
from proxy.telemetry.meter import Series
from tests.bench.report import say
from tests.bench.scale_plan import Fault, Plan, caller_of, endpoint, service, targets

REPORT: Final = 0.5
_CALLS: Final = 12  # series in one report
_EXPORT: Final = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
_OPTIONS: Final = (("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0))


@dataclass
class Seen:
    """What one worker saw; times are of the machine's monotonic clock."""

    bytes: int = 0
    messages: int = 0
    reports: int = 0
    failed_reports: int = 0
    bad: dict[int, float] = field(default_factory=dict)  # fault to its first bad report
    out: dict[int, list[float]] = field(default_factory=dict)  # fault to when streams had the ejection
    marks: list[tuple[float, int, int]] = field(default_factory=list)


class Sidecar:
    """One simulated sidecar."""

    def __init__(self, number: int, plan: Plan, seen: Seen) -> None:
        self._number, self._plan, self._seen = number, plan, seen
        self._random = random.Random(number)
        self._own = number % plan.services
        called = [fault.service for fault in plan.faults if caller_of(number, fault, plan)]
        self._calls = [*targets(number, plan), *called]
        self._subscribers = {
            protocol.CDS: Subscriber([WILDCARD]),
            protocol.EDS: Subscriber([]),
            protocol.RDS: Subscriber([protocol.OUTBOUND_ROUTES]),
            protocol.INBOUND: Subscriber([protocol.OWN_INBOUND]),
        }
        self._known: set[str] = set()
        self._requests = [self._report() for _ in range(4)]
        self._told: set[int] = set()

    async def run(self) -> None:
        """Connect, then report for ever."""
        async with grpc.aio.insecure_channel(self._plan.target, options=_OPTIONS) as channel:
            watching = asyncio.create_task(self._watch(channel))
            try:
                await self._reporting(channel)
            finally:
                watching.cancel()

    async def _watch(self, channel: grpc.aio.Channel) -> None:
        call = channel.stream_stream(
            f"/{protocol.ADS}/{protocol.DELTA_METHOD}",
            request_serializer=pb.DeltaDiscoveryRequest.SerializeToString,
            response_deserializer=lambda body: body,
        )(None, metadata=((protocol.HEARTBEAT_KEY, "1"),))
        address = endpoint(self._own, self._number // self._plan.services)
        node = Node(ServiceId(service(self._own)), f"i{self._number}", address)
        first = _message(protocol.CDS, self._subscribers[protocol.CDS].open())
        first.node.CopyFrom(nodes.encode(node))
        await call.write(first)
        for url in (protocol.RDS, protocol.INBOUND):
            await call.write(_message(url, self._subscribers[url].open()))
        opened = False
        async for body in call:
            self._seen.bytes += len(body)
            self._seen.messages += 1
            response = pb.DeltaDiscoveryResponse.FromString(body)
            subscriber = self._subscribers.get(response.type_url)
            if subscriber is None:
                continue
            versions = {each.name: each.version for each in response.resources}
            ask = subscriber.acknowledge(response.nonce, versions, response.removed_resources)
            await call.write(_message(response.type_url, ask))
            if response.type_url == protocol.EDS:
                self._look(response)
            elif response.type_url == protocol.CDS:
                self._known |= versions.keys() - {protocol.PASSTHROUGH}
                wanted = self._subscribers[protocol.EDS].subscribe(self._known)
                if wanted is not None:
                    asked = wanted if opened else self._subscribers[protocol.EDS].open()
                    opened = True
                    await call.write(_message(protocol.EDS, asked))

    def _look(self, response: pb.DeltaDiscoveryResponse) -> None:
        now = time.monotonic()
        for number, fault in enumerate(self._plan.faults):
            if number in self._told or now < fault.begin:
                continue
            for resource in response.resources:
                if resource.name == service(fault.service):
                    _, found = assignments.decode(resource.resource.value)
                    bad = endpoint(fault.service, fault.endpoint)
                    if any(each.address == bad and not each.healthy for each in found):
                        self._told.add(number)
                        self._seen.out.setdefault(number, []).append(now)

    async def _reporting(self, channel: grpc.aio.Channel) -> None:
        export = channel.unary_unary(_EXPORT, request_serializer=None, response_deserializer=None)
        await asyncio.sleep(REPORT * self._random.random())
        due = time.monotonic()
        while True:
            request = self._requests[self._random.randrange(len(self._requests))]
            fault = self._at_fault()
            if fault is not None:
                request = self._report(fault)
                self._seen.bad.setdefault(self._plan.faults.index(fault), time.monotonic())
            try:
                await export(_dated(request), timeout=10)
                self._seen.reports += 1
            except grpc.aio.AioRpcError:
                self._seen.failed_reports += 1
            due = max(due + REPORT, time.monotonic() - REPORT)
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    def _at_fault(self) -> Fault | None:
        now = time.monotonic()
        for number, fault in enumerate(self._plan.faults):
            calls = caller_of(self._number, fault, self._plan)
            if calls and fault.begin <= now < fault.end and number not in self._told:
                return fault
        return None

    def _report(self, fault: Fault | None = None) -> ExportMetricsServiceRequest:
        deltas = []
        for _ in range(_CALLS):
            where = self._random.choice(self._calls)
            place = endpoint(where, self._random.randrange(self._plan.endpoints))
            deltas.append(self._series(where, place, "2xx", 1))
        if fault is not None:
            deltas.append(self._series(fault.service, endpoint(fault.service, fault.endpoint), "5xx", 2))
        resource = {names.SERVICE_NAME: service(self._own), names.SERVICE_INSTANCE: f"i{self._number}"}
        return ExportMetricsServiceRequest.FromString(metrics.request(resource, deltas, [], 0, 1, 1))

    def _series(self, where: int, place: str, status: str, count: int) -> tuple[Series, Histogram]:
        given: Mapping[str, str] = {
            names.PEER_SERVICE: service(where),
            names.ENDPOINT: place,
            names.METHOD: "GET",
            names.STATUS_CLASS: status,
            names.ARM: Arm.ROUTED,
        }
        histogram = Histogram()
        for _ in range(count):
            histogram.record(0.02 * self._random.lognormvariate(0, 0.3))
        return Series(names.CLIENT_DURATION, given), histogram


def _dated(request: ExportMetricsServiceRequest) -> bytes:
    now = time.time_ns()
    for metric in request.resource_metrics[0].scope_metrics[0].metrics:
        for point in metric.exponential_histogram.data_points:
            point.start_time_unix_nano, point.time_unix_nano = now - 500_000_000, now
    return request.SerializeToString()


def _message(kind: str, ask: SubscriptionRequest) -> pb.DeltaDiscoveryRequest:
    return pb.DeltaDiscoveryRequest(
        type_url=kind,
        resource_names_subscribe=ask.subscribe,
        resource_names_unsubscribe=ask.unsubscribe,
        initial_resource_versions=ask.initial,
        response_nonce=ask.nonce,
    )


async def main(plan: Plan) -> dict[str, Any]:
    """Run this worker's sidecars to the plan's end; what they saw."""
    seen = Seen()

    async def start(number: int) -> None:
        await asyncio.sleep(max(0.0, plan.begin + number / plan.ramp - time.monotonic()))
        await Sidecar(number, plan, seen).run()

    mine = range(plan.worker, plan.sidecars, plan.workers)
    tasks = [asyncio.create_task(start(number)) for number in mine]
    while time.monotonic() < plan.end:
        await asyncio.sleep(1.0)
        seen.marks.append((time.monotonic(), seen.bytes, seen.messages))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return vars(seen)


if __name__ == "__main__":
    say(json.dumps(asyncio.run(main(Plan.load(json.load(sys.stdin))))))
