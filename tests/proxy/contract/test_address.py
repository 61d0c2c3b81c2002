"""Addresses as text: split, joined, and refused with an example of how to write them."""

import pytest

from proxy.contract.address import (
    canonical_host,
    check_address,
    check_address_or_off,
    check_base_url,
    join_address,
    split_address,
)


@pytest.mark.parametrize(
    ("address", "parts"),
    [("127.0.0.1:80", ("127.0.0.1", 80)), ("[::1]:80", ("::1", 80)), ("db.local:1", ("db.local", 1))],
)
def test_addresses_split_and_join(address: str, parts: tuple[str, int]) -> None:
    assert split_address(address) == parts
    assert join_address(*parts) == address


@pytest.mark.parametrize(
    "address",
    [
        *("", "80", ":80", "host", "host:", "host:x", "host:65536", "host:-1"),
        *("host:²", "host:٨٠", "host:" + "9" * 5000, " host:80", "a b:80", "host:80\n"),
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        split_address(address)


def test_a_port_out_of_range_is_named() -> None:
    with pytest.raises(ValueError, match=r"the port is out of range \(1 to 65535\)"):
        split_address("localhost:99999")


def test_an_address_may_be_off_where_that_is_allowed() -> None:
    assert check_address_or_off("") == ""
    assert check_address_or_off("127.0.0.1:80") == check_address("127.0.0.1:80") == "127.0.0.1:80"
    with pytest.raises(ValueError, match="HOST:PORT"):
        check_address("")


@pytest.mark.parametrize(
    "text",
    [
        "collector:4318",
        "http://",
        "https:///",
        "ftp://mesh",
        "",
        "http://[::1",
        "http://a b:1",
        "http://a:x",
        "http://a\t",
    ],
)
def test_what_is_no_base_url_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="http://HOST:PORT"):
        check_base_url(text)


def test_a_base_url_loses_the_slash_at_its_end() -> None:
    assert check_base_url("http://mesh:16686/") == "http://mesh:16686"


def test_an_ipv6_address_has_one_spelling_and_other_hosts_are_left_alone() -> None:
    for host in ("2001:DB8::1", "2001:db8:0:0:0:0:0:1", "2001:0db8::0001"):
        assert canonical_host(host) == "2001:db8::1"
    for host in ("fe80::1%Eth0", "10.0.0.1", "Reviews", "a:b", ""):
        assert canonical_host(host) == host
