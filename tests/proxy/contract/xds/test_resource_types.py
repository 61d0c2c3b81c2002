"""The table of types: services to bytes and back through it, in any order of arrival."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from proxy.contract.model import CONDITIONS, Endpoint, MeshView, Retries, Service, Stage
from proxy.contract.service_id import ServiceId
from proxy.contract.xds import inbound, protocol
from proxy.contract.xds.inbound import InboundPolicy
from proxy.contract.xds.resource_types import RESOURCE_TYPES, Received
from tests.support.resources import addresses, encoded, identities, text

B = ServiceId("b")


@st.composite
def endpoints(draw: st.DrawFn) -> Endpoint:
    state = draw(st.sampled_from([(True, False), (False, False), (False, True)]))
    weight = draw(st.integers(1, 1000)) / 100
    return Endpoint(
        draw(addresses), weight, state[0], draw(text), draw(text), draw(text), draw(text), draining=state[1]
    )


durations = st.integers(0, 3_600_000).map(lambda ms: ms / 1000)
retries = st.builds(
    Retries,
    st.integers(0, 10),
    st.lists(st.sampled_from(CONDITIONS), unique=True).map(tuple),
    st.integers(0, 100).map(lambda percent: percent / 100),
    durations,
)


@st.composite
def services(draw: st.DrawFn, name: ServiceId) -> Service:
    held = draw(st.lists(endpoints(), max_size=4, unique_by=lambda endpoint: endpoint.address))
    found = Service(name, tuple(held), draw(st.sampled_from(Stage)), draw(st.integers(0, 100)))
    if not found.routed_share:
        return found
    return replace(found, timeout=draw(durations), retries=draw(retries))


@st.composite
def views(draw: st.DrawFn) -> MeshView:
    found = {}
    for name in draw(st.sets(identities, max_size=4)):
        found[name] = draw(services(name))
    return found


def take(held: Received, view: MeshView, *types: str) -> None:
    for url in types:
        for body in encoded(view)[url].values():
            RESOURCE_TYPES[url].store(held, RESOURCE_TYPES[url].decode(body))


@given(views())
def test_what_was_encoded_is_decoded(view: MeshView) -> None:
    held = Received()
    take(held, view, protocol.CDS, protocol.EDS, protocol.RDS)
    assert held.view() == view


@given(views())
def test_equal_services_give_equal_bytes(view: MeshView) -> None:
    assert encoded(view) == encoded(dict(reversed(list(view.items()))))


def test_types_are_sent_make_before_break() -> None:
    assert list(RESOURCE_TYPES) == [protocol.CDS, protocol.EDS, protocol.RDS, protocol.INBOUND]
    assert [row.url for row in RESOURCE_TYPES.values() if row.whole] == [protocol.CDS]


def test_names_to_ask_for_follow_from_what_is_held() -> None:
    held = Received()
    wanted = {url: set(row.wanted(held)) for url, row in RESOURCE_TYPES.items()}
    assert wanted == {
        protocol.CDS: {"*"},
        protocol.EDS: set(),
        protocol.RDS: {"outbound"},
        protocol.INBOUND: {"inbound"},
    }
    take(held, {B: Service(B)}, protocol.CDS)
    assert set(RESOURCE_TYPES[protocol.EDS].wanted(held)) == {"b"}


def test_there_is_no_view_before_all_of_it_is_known() -> None:
    held, view = Received(), {B: Service(B, (Endpoint("10.0.0.1:80"),))}
    for url in (protocol.CDS, protocol.RDS, protocol.EDS):
        assert held.view() is None
        take(held, view, url)
    assert held.view() == view


def test_a_removed_cluster_takes_its_endpoints_along_and_removed_endpoints_leave_the_service() -> None:
    held, b = Received(), Service(B, (Endpoint("10.0.0.1:80"),))
    c = ServiceId("c")
    view = {B: b, c: Service(c, (Endpoint("10.0.0.2:80"),))}
    take(held, view, protocol.CDS, protocol.EDS, protocol.RDS)
    RESOURCE_TYPES[protocol.EDS].remove(held, {"c", "unknown"})
    RESOURCE_TYPES[protocol.RDS].remove(held, {"outbound"})
    assert held.view() == {"b": b, "c": Service(c)}
    RESOURCE_TYPES[protocol.CDS].remove(held, {"c"})
    take(held, view, protocol.EDS)  # late for c, which is gone
    assert held.view() == {"b": b}


def test_the_inbound_policy_is_apart_from_services_and_may_go() -> None:
    held, row = Received(), RESOURCE_TYPES[protocol.INBOUND]
    row.store(held, row.decode(inbound.encode(InboundPolicy("b"))))
    assert (held.inbound, held.view()) == (InboundPolicy("b"), None)
    row.remove(held, {"inbound"})
    assert held.inbound is None
