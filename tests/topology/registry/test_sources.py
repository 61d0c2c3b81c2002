"""Which source is believed of an address that several name."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.contract.model import EndpointState
from proxy.contract.service_id import ServiceId
from topology.model.endpoints import EndpointOrigin
from topology.registry.sources import Member, Source, merge

B = ServiceId("b")

HERE = Member(B, "10.0.0.1:80", app="10.0.0.1:8080", instance="here")
THERE = Member(B, "10.0.0.1:80", instance="there")
LISTED = Member(B, "10.0.0.1:80", origin=EndpointOrigin.STATIC)


def gone(member: Member) -> Member:
    return Member(member.service, member.address, EndpointState.GONE, instance=member.instance)


def test_sources_stand_in_order_of_precedence() -> None:
    assert list(Source) == [Source.STREAMS, Source.COLLECTORS, Source.FILE]


def test_the_first_source_to_name_an_address_is_believed() -> None:
    told = [(Source.STREAMS, (HERE,)), (Source.COLLECTORS, (THERE,)), (Source.FILE, (LISTED,))]
    assert [merge(told[start:]) for start in range(3)] == [(HERE,), (THERE,), (LISTED,)]


def test_a_sidecar_whose_stream_ended_gives_way_to_one_that_is_connected() -> None:
    assert merge([(Source.STREAMS, (gone(HERE),)), (Source.COLLECTORS, (THERE,))]) == (THERE,)
    # Two that are both gone: the first stays, as with any two.
    both = [(Source.STREAMS, (gone(HERE),)), (Source.COLLECTORS, (gone(THERE),))]
    assert merge(both) == (gone(HERE),)
    # A line in a file does not prove that anything answers there.
    assert merge([(Source.STREAMS, (gone(HERE),)), (Source.FILE, (LISTED,))]) == (gone(HERE),)


def test_the_address_of_an_application_is_its_sidecars_endpoint() -> None:
    app = Member(B, HERE.app, origin=EndpointOrigin.STATIC)
    assert merge([(Source.STREAMS, (HERE,)), (Source.FILE, (app,))]) == (HERE,)
    assert merge([(Source.FILE, (app,))]) == (app,)


@given(st.lists(st.tuples(st.sampled_from(Source), st.lists(st.integers(1, 4))), max_size=6))
def test_every_address_is_there_once(told: list[tuple[Source, list[int]]]) -> None:
    lists = [(source, tuple(Member(B, f"10.0.0.{n}:80") for n in ns)) for source, ns in sorted(told)]
    found = [member.address for member in merge(lists)]
    assert sorted(found) == sorted({member.address for _, members in lists for member in members})
