"""Which endpoints exist, by what all sources say together."""

from dataclasses import replace

from proxy.contract.model import EndpointState, Node, NodeState
from proxy.contract.service_id import ServiceId
from topology.model.endpoints import EndpointOrigin
from topology.registry.registry import Registry
from topology.registry.sources import Member, Members, Source

B_ID = ServiceId("b")
C = ServiceId("c")
A_ID = ServiceId("a")

B1 = Node(B_ID, "b1", "10.0.0.1:15006", "10.0.0.1:8080", "v1", "z1")


def listed(service: str, *addresses: str) -> tuple[Member, ...]:
    return tuple(Member(ServiceId(service), address, origin=EndpointOrigin.STATIC) for address in addresses)


def states(registry: Registry, service: str = "b") -> dict[str, EndpointState]:
    return {member.address: member.state for member in registry.services().get(ServiceId(service), ())}


def test_connected_is_registered_and_known_by_all_its_names() -> None:
    registry = Registry(10)
    (decision,) = registry.connect("1", B1, "10.0.0.1", 0)
    assert (decision.kind, decision.service, decision.endpoint) == ("register", "b", B1.address)
    assert registry.resolve(B1.address) == registry.resolve(B1.app) == ("b", B1.address)
    assert registry.address_of("b1") == B1.address
    assert registry.has_sidecar(B_ID)
    assert not registry.has_sidecar(C)


def test_states_are_told_once_each() -> None:
    registry = Registry(10)
    registry.connect("1", B1, "10.0.0.1", 0)
    for state, expected, kind in (
        (NodeState.UNREADY, EndpointState.UNREADY, "leave"),
        (NodeState.READY, EndpointState.HEALTHY, "register"),
        (NodeState.DRAINING, EndpointState.DRAINING, "leave"),
    ):
        made = registry.connect("1", replace(B1, state=state), "10.0.0.1", 1)
        assert [each.kind for each in made] == [kind]
        assert registry.connect("1", replace(B1, state=state), "10.0.0.1", 2) == []
        assert states(registry) == {B1.address: expected}


def test_an_endpoint_is_gone_after_the_grace_period() -> None:
    registry = Registry(10)
    registry.connect("1", B1, "10.0.0.1", 0)
    registry.disconnect("1", 100)
    assert registry.sweep(109.9) == []
    assert states(registry) == {B1.address: EndpointState.GONE}
    assert all(member.available for member in registry.services()[B_ID])
    (decision,) = registry.sweep(110)
    assert decision.kind == "leave"
    assert states(registry) == {}


def test_one_that_comes_back_within_the_grace_period_was_never_away() -> None:
    registry = Registry(10)
    registry.connect("1", B1, "10.0.0.1", 0)
    registry.disconnect("1", 100)
    assert registry.connect("2", B1, "10.0.0.1", 101) == []
    assert registry.sweep(200) == []
    registry.disconnect("1", 201)  # the old stream's end is late news
    assert states(registry) == {B1.address: EndpointState.HEALTHY}


def test_what_was_draining_leaves_with_its_stream() -> None:
    registry = Registry(10)
    registry.connect("1", replace(B1, state=NodeState.DRAINING), "10.0.0.1", 0)
    registry.disconnect("1", 1)
    assert states(registry) == {}


def test_a_restart_on_the_same_address_replaces_the_instance() -> None:
    registry = Registry(10)
    registry.connect("1", B1, "10.0.0.1", 0)
    registry.connect("2", replace(B1, instance="b1-again"), "10.0.0.1", 1)
    (member,) = registry.services()[B_ID]
    assert member.instance == "b1-again"


def test_a_sidecar_that_only_sends_is_a_service_without_endpoints() -> None:
    registry = Registry(10)
    assert registry.connect("1", Node(ServiceId("cron"), "c1"), "10.0.0.1", 0) == []
    assert registry.services() == {"cron": ()}
    registry.disconnect("1", 1)
    assert registry.services() == {}


def test_static_endpoints_stand_beside_what_registers_and_never_twice() -> None:
    registry = Registry(10)
    registry.connect("1", B1, "10.0.0.1", 0)
    file = {B_ID: listed("b", B1.address, B1.app, "10.0.0.7:80"), C: listed("c", "10.0.0.8:80")}
    registry.set(Source.FILE, file)
    assert states(registry) == {B1.address: EndpointState.HEALTHY, "10.0.0.7:80": EndpointState.HEALTHY}
    assert [member.origin.value for member in registry.services()[C]] == ["static"]
    assert not registry.has_sidecar(C)
    registry.set(Source.FILE, {})
    assert "c" not in registry.services()


def test_an_address_goes_to_the_next_source_when_the_first_no_longer_names_it() -> None:
    registry = Registry(10)
    registry.set(Source.FILE, {B_ID: listed("b", B1.address)})
    registry.set(Source.COLLECTORS, {B_ID: (Member(B_ID, B1.address, instance="there"),)}, "B")
    registry.connect("1", replace(B1, state=NodeState.DRAINING), "10.0.0.1", 0)

    def named() -> list[tuple[str, str]]:
        return [(member.instance, member.origin.value) for member in registry.services().get(B_ID, ())]

    assert named() == [("b1", "sidecar")]
    registry.disconnect("1", 1)
    assert named() == [("there", "sidecar")]
    registry.set(Source.COLLECTORS, {}, "B")
    assert named() == [("", "static")]
    registry.set(Source.FILE, {})
    assert named() == []


def test_the_order_in_which_sources_speak_does_not_matter() -> None:
    told: dict[Source, Members] = {
        Source.FILE: {B_ID: listed("b", "10.0.0.1:80", "10.0.0.2:80")},
        Source.COLLECTORS: {B_ID: (Member(B_ID, "10.0.0.1:80", version="v2"),)},
    }
    found = []
    for order in ([Source.FILE, Source.COLLECTORS], [Source.COLLECTORS, Source.FILE]):
        registry = Registry(10)
        for source in order:
            registry.set(source, told[source])
        found.append(registry.services())
    assert found[0] == found[1]
    assert [(member.address, member.version) for member in found[0][B_ID]] == [
        ("10.0.0.1:80", "v2"),
        ("10.0.0.2:80", ""),
    ]


def test_a_part_of_a_source_is_replaced_by_itself() -> None:
    registry = Registry(10)
    for part in ("A", "B"):
        registry.set(Source.COLLECTORS, {B_ID: (Member(B_ID, f"10.0.0.{ord(part)}:80"),)}, part)
    registry.set(Source.COLLECTORS, {}, "A")
    assert states(registry) == {f"10.0.0.{ord('B')}:80": EndpointState.HEALTHY}


def test_who_reports_holds_a_stream_here_or_elsewhere() -> None:
    registry = Registry(grace=5.0)
    registry.connect("1", Node(A_ID, "a1"), "10.0.0.1", 0.0)
    assert registry.reports(A_ID, "a1")
    assert not registry.reports(A_ID, "a2")
    assert not registry.reports(B_ID, "a1")
    registry.disconnect("1", 1.0)
    assert not registry.reports(A_ID, "a1")
    registry.connect("2", Node(B_ID, "b1", "10.0.0.2:80"), "10.0.0.2", 2.0)
    registry.disconnect("2", 3.0)
    assert registry.reports(B_ID, "b1")  # a broken line is not a dead sidecar
    registry.sweep(9.0)
    assert not registry.reports(B_ID, "b1")
    there: Members = {B_ID: (Member(B_ID, "10.0.0.2:80", instance="b1"),), C: ()}
    registry.set(Source.COLLECTORS, there, "other")
    assert registry.reports(B_ID, "b1")
    assert registry.reports(C, "any")  # whose sidecars only send, and are not named
    registry.set(Source.COLLECTORS, {}, "other")
    assert not registry.reports(B_ID, "b1")


def test_two_services_of_one_name_in_two_namespaces_are_two() -> None:
    registry = Registry(10)
    shop, ops = ServiceId("shop/b"), ServiceId("ops/b")
    registry.connect("1", Node(shop, "b-1", "10.0.0.1:80"), "10.0.0.1", 0)
    registry.connect("2", Node(ops, "b-1", "10.0.0.2:80"), "10.0.0.2", 0)
    assert {service: len(members) for service, members in registry.services().items()} == {shop: 1, ops: 1}
    assert registry.resolve("10.0.0.2:80") == (ops, "10.0.0.2:80")
    assert registry.recognise(shop) == shop
    assert registry.recognise(ServiceId("b")) == "b"  # it could be either


def test_who_leaves_the_namespace_out_means_the_service_that_is_registered() -> None:
    registry = Registry(10)
    registry.connect("1", Node(ServiceId("shop/b"), "b-1", "10.0.0.1:80"), "10.0.0.1", 0)
    registry.connect("2", Node(ServiceId("c"), "c-1"), "10.0.0.2", 0)
    assert registry.recognise(ServiceId("b")) == "shop/b"
    assert registry.recognise(ServiceId("shop/c")) == "c"  # its sidecar was told no namespace
    assert registry.recognise(ServiceId("ops/b")) == "ops/b"
    registry.disconnect("2", 1)
    assert registry.recognise(ServiceId("shop/c")) == "shop/c"


def test_spellings_of_one_service_are_one_under_the_first() -> None:
    registry = Registry(10)
    upper, shouted = ServiceId("Shop/B"), ServiceId("SHOP/B")
    registry.connect("1", Node(upper, "b-1", "10.0.0.1:80"), "10.0.0.1", 0)
    registry.connect("2", Node(ServiceId("shop/b"), "b-2", "10.0.0.2:80"), "10.0.0.2", 0)
    registry.set(Source.COLLECTORS, {shouted: (Member(shouted, "10.0.0.3:80", instance="b-3"),)}, "other")
    registry.set(
        Source.FILE, {ServiceId("shop/b"): listed("shop/b", "10.0.0.4:80"), C: (), ServiceId("C"): ()}
    )
    assert {service: len(members) for service, members in registry.services().items()} == {upper: 4, C: 0}
    assert {member.service for member in registry.services()[upper]} == {upper}
    assert all(registry.reports(shouted, f"b-{number}") for number in (1, 2, 3))
    assert registry.recognise(shouted) == registry.spelling(shouted) == upper
    registry.disconnect("1", 1)
    registry.sweep(12)  # the name stays while anybody has it: what is known of the service is kept by it
    assert states(registry, "Shop/B").keys() == {"10.0.0.2:80", "10.0.0.3:80", "10.0.0.4:80"}
