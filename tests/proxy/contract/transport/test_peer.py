"""Who is at the other end, by what a transport tells."""

from typing import Any

import pytest

from proxy.contract.transport.peer import Peer, peer_of, spiffe_id

CART = "spiffe://mesh.example/ns/shop/sa/cart"


class Told:
    """A transport of which the test says everything."""

    def __init__(self, **facts: Any) -> None:
        self._facts = facts

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._facts.get(name, default)


def test_an_address_is_host_and_port_of_either_family_and_no_name_of_a_unix_socket() -> None:
    assert peer_of(Told(peername=("10.0.0.1", 80))) == Peer(("10.0.0.1", 80))
    assert peer_of(Told(peername=("::1", 80, 0, 0))) == Peer(("::1", 80))
    assert peer_of(Told(peername="/run/app.sock")) == Peer(None)
    assert peer_of(Told()) == Peer(None)


def test_an_identity_needs_tls_and_a_verified_certificate() -> None:
    names = {"subjectAltName": (("DNS", "cart"), ("URI", CART))}
    assert peer_of(Told(peercert=names)) == Peer(None)
    assert peer_of(Told(ssl_object=object(), peercert=names)) == Peer(None, CART, encrypted=True)
    # This is how an SSL object shows a certificate that nobody verified.
    assert peer_of(Told(ssl_object=object(), peercert={})) == Peer(None, "", encrypted=True)
    assert peer_of(Told(ssl_object=object(), peercert=None)) == Peer(None, "", encrypted=True)


@pytest.mark.parametrize(
    ("uris", "identity"),
    [
        ([CART], CART),
        (["SPIFFE://mesh.example/ns/shop/sa/cart"], "SPIFFE://mesh.example/ns/shop/sa/cart"),
        ([], ""),
        ([CART, CART + "2"], ""),
        (["https://mesh.example/cart"], ""),
    ],
)
def test_exactly_one_uri_identifies_a_workload(uris: list[str], identity: str) -> None:
    assert spiffe_id(uris) == identity
