"""Where opaque connections go, and under what they are counted."""

import random

import pytest

from proxy.contract.attributes import TCP_CLIENT_ACTIVE, TCP_SERVER_IO
from proxy.contract.model import Endpoint
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Arm
from proxy.errors import Reason, RefusedError
from proxy.http.outbound import Outbound
from proxy.routing.router import Router
from proxy.sockets.dns_cache import DnsCache
from proxy.tcp.routes import InboundTcp, OutboundTcp
from proxy.telemetry.call_recorder import CallRecorder
from proxy.telemetry.connection_recorder import ConnectionRecorder
from proxy.telemetry.facts import ConnectionFacts
from proxy.telemetry.meter import Meter
from proxy.telemetry.trace_context import Sampler, Tracer
from tests.proxy.rig import service

TRACER = Tracer(Sampler.of(1.0), random.Random(1).getrandbits)


def recorder(meter: Meter) -> ConnectionRecorder:
    return ConnectionRecorder(meter, list[bytes]().append, lambda: 0)


def outbound(meter: Meter) -> OutboundTcp:
    router = Router(random.Random(1).random)
    router.update(
        {ServiceId("db"): service("db", Endpoint("10.0.0.1:5432", app="10.0.0.1:5432"), percent=100)}
    )
    direction = Outbound(router, DnsCache(lambda: 0.0), CallRecorder(meter, list[bytes]().append, 0), 10)
    direction.own = frozenset({"127.0.0.1:15001"})
    return OutboundTcp(direction, router, recorder(meter), TRACER)


@pytest.mark.parametrize(("address", "server"), [("", "127.0.0.1:9080"), ("10.0.0.1:81", "10.0.0.1:81")])
def test_inbound_reaches_the_application_or_the_port_addressed(address: str, server: str) -> None:
    meter = Meter()
    direction, facts = InboundTcp("127.0.0.1:9080", recorder(meter), TRACER), ConnectionFacts(address, 1)
    assert direction.begin(facts) == facts.server == server
    assert facts.endpoint == address
    direction.count_bytes(facts, 7, 5)
    deltas = meter.collect()
    assert {series.name for series, _ in deltas} == {TCP_SERVER_IO}
    moved = {series.attributes["network.io.direction"]: delta.sum for series, delta in deltas}
    assert moved == {"receive": 7, "transmit": 5}


def test_outbound_keeps_the_address_and_names_the_service_it_belongs_to() -> None:
    direction, facts = outbound(Meter()), ConnectionFacts("10.0.0.1:5432", 1)
    assert direction.begin(facts) == "10.0.0.1:5432"
    assert (facts.service, facts.endpoint, facts.arm) == ("db", "10.0.0.1:5432", Arm.DIRECT)
    [gauge] = direction.gauges([facts])
    assert (gauge.name, gauge.value) == (TCP_CLIENT_ACTIVE, 1)
    facts.end = 2
    direction.record(facts)
    assert direction.connection_count == 1


def test_a_loop_is_refused_and_recorded_under_its_address() -> None:
    direction, facts = outbound(meter := Meter()), ConnectionFacts("127.0.0.1:15001", 1)
    with pytest.raises(RefusedError) as caught:
        direction.begin(facts)
    assert caught.value.reason is Reason.LOOP
    facts.end, facts.error = 2, Reason.LOOP
    direction.record(facts)
    assert {series.attributes["peer.service"] for series, _ in meter.collect()} == {"127.0.0.1:15001"}
