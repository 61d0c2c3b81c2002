"""The other side's name and address: every generation of attributes, and every way to write an address."""

import pytest

from topology.spans import peer_address


@pytest.mark.parametrize(
    ("attributes", "address"),
    [
        ({"server.address": "api", "server.port": "80"}, "api:80"),
        ({"server.address": "api"}, "api"),
        ({"server.address": "api", "url.scheme": "https"}, "api:443"),
        ({"server.address": "api", "server.port": "80", "network.peer.address": "10.0.0.1"}, "api:80"),
        ({"net.peer.name": "api", "net.peer.port": "80", "net.peer.ip": "10.0.0.1"}, "api:80"),
        ({"network.peer.address": "10.0.0.1", "network.peer.port": "80"}, "10.0.0.1:80"),
        ({"net.sock.peer.addr": "10.0.0.1", "net.sock.peer.port": "80"}, "10.0.0.1:80"),
        ({"net.sock.peer.name": "api", "net.sock.peer.addr": "10.0.0.1"}, "api"),
        ({"net.peer.ip": "10.0.0.1", "net.peer.port": "80"}, "10.0.0.1:80"),
        ({"server.socket.domain": "api", "server.socket.port": "80"}, "api:80"),
        ({"server.socket.address": "10.0.0.1"}, "10.0.0.1"),
        ({"url.full": "https://api"}, "api:443"),
        ({"http.url": "http://api:9080"}, "api:9080"),
        ({"http.url": "http://api", "net.peer.ip": "10.0.0.1"}, "api:80"),
        ({"http.url": "grpc://api"}, "api"),
        ({"http.url": "/relative", "http.host": "api:8080"}, "api:8080"),
        ({"http.host": "api", "http.scheme": "http"}, "api:80"),
        ({"peer.hostname": "api", "peer.port": "80"}, "api:80"),
        ({"peer.ipv4": "10.0.0.1", "peer.port": "80"}, "10.0.0.1:80"),
        ({"peer.ipv6": "::1", "peer.port": "80"}, "[::1]:80"),
        ({"peer.address": "mysql://db:3306/shop"}, "db:3306"),
        ({"out.host": "api", "out.port": "80"}, "api:80"),
        ({"network.destination.name": "api", "network.destination.port": "80"}, "api:80"),
        ({}, ""),
    ],
)
def test_addresses_of_every_generation(attributes: dict[str, str], address: str) -> None:
    assert peer_address.address(attributes) == address
    assert set(attributes) <= peer_address.ATTRIBUTES


@pytest.mark.parametrize(
    ("written", "port", "address"),
    [
        ("api.", "80", "api:80"),
        ("api:8080", "80", "api:8080"),
        ("http://anna:secret@api/path?q", "", "api:80"),
        ("anna:secret@api", "80", "api:80"),
        ("::1", "80", "[::1]:80"),
        ("[::1]:8080", "80", "[::1]:8080"),
        ("[::1]", "", "::1"),
        ("/var/run/mysqld.sock", "", "/var/run/mysqld.sock"),
        ("", "80", ""),
        ("API", "80", "api:80"),
        ("0:0:0:0:0:0:0:1", "80", "[::1]:80"),
        ("::ffff:10.0.0.1", "80", "10.0.0.1:80"),
        ("dns:///api:50051", "", "api:50051"),
        ("ipv4:10.0.0.1:80", "", "10.0.0.1:80"),
        ("unix:///var/run/x.sock", "", "/var/run/x.sock"),
        ("jdbc:mysql://root:secret@db:3306/shop", "", "db:3306"),
        ("kafka1:9092,kafka2:9092", "", "kafka1:9092"),
        ("api", "-1", "api"),
        ("api", "0", "api"),
        ("http://api/?next=http://other/", "", "api:80"),
    ],
)
def test_an_address_is_one_however_it_is_written(written: str, port: str, address: str) -> None:
    assert peer_address.address({"server.address": written, "server.port": port}) == address


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ({"peer.service": "pay"}, "pay"),
        ({"service.peer.name": "pay", "peer.service": "old"}, "pay"),
        ({"peer.service": "api", "server.address": "api"}, ""),
        ({"peer.service": "shop", "db.name": "shop"}, ""),
        ({}, ""),
    ],
)
def test_a_name_is_what_people_gave(attributes: dict[str, str], name: str) -> None:
    assert peer_address.given_name(attributes) == name


def test_of_a_url_only_the_origin_is_kept() -> None:
    assert peer_address.origin("http://api:80/users/7?token=s") == "http://api:80"
    assert peer_address.origin("/path?to=http://api") == ""


def test_a_call_without_an_address_goes_to_an_interface() -> None:
    assert peer_address.interface({"rpc.service": "shop.Cart"}) == "shop.Cart"
    assert peer_address.interface({"faas.invoked_name": "resize"}) == "resize"
    assert peer_address.interface({}) == ""


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("api", "api", True),
        ("api", "login", False),
        ("api", "10.0.0.1", True),
        ("10.0.0.1", "10.0.0.2", False),
        ("", "x", True),
    ],
)
def test_hosts_that_cannot_be_compared_may_be_the_same(one: str, other: str, same: bool) -> None:
    assert peer_address.may_be_same(one, other) is same


def test_a_host_is_what_is_before_the_port() -> None:
    assert [peer_address.host(text) for text in ("api:80", "api", "[::1]:80", "::1")] == [
        "api",
        "api",
        "::1",
        "::1",
    ]
    assert peer_address.is_ip("::1")
    assert not peer_address.is_ip("api")
    assert peer_address.names_host({"net.peer.name": "api"})
    assert not peer_address.names_host({"net.peer.ip": "10.0.0.1"})
