"""The service and endpoint behind an address or an instance."""

from proxy.contract.service_id import ServiceId
from topology.registry.addresses import Addresses
from topology.registry.sources import Member

B1 = Member(ServiceId("b"), "10.0.0.1:80", app="10.0.0.1:8080", instance="b1")


def test_an_endpoint_goes_by_its_own_address_its_applications_and_its_instance() -> None:
    addresses = Addresses()
    addresses.add(B1)
    assert addresses.resolve(B1.address) == addresses.resolve(B1.app) == ("b", B1.address)
    assert addresses.of_instance("b1") == B1.address
    addresses.remove(B1)
    assert addresses.resolve(B1.address) is addresses.resolve(B1.app) is None
    assert addresses.of_instance("b1") == ""


def test_of_two_services_that_claim_an_address_the_first_has_it_until_it_leaves() -> None:
    addresses = Addresses()
    other = Member(ServiceId("c"), B1.address)
    addresses.add(B1)
    addresses.add(other)
    assert addresses.resolve(B1.address) == ("b", B1.address)
    addresses.remove(B1)
    assert addresses.resolve(B1.address) == ("c", B1.address)


def test_an_endpoint_without_names_is_found_by_none() -> None:
    addresses = Addresses()
    addresses.add(Member(ServiceId("b"), "10.0.0.7:80"))
    assert addresses.resolve("") is None
    assert addresses.of_instance("") == ""
