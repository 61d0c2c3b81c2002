"""Configuration errors name the option, the variable, the value and the fix."""

import pytest
from pydantic import Field

from proxy.contract.address import join_address, split_address
from proxy.contract.failure import ConfigError
from proxy.contract.settings import Address, Settings, load


class Sample(Settings):
    service_name: str
    listen: Address = "127.0.0.1:15001"
    percent: int = Field(default=0, ge=0, le=100)


def test_options_come_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANMESH_SERVICE_NAME", "from-environment")
    monkeypatch.setenv("SPANMESH_PERCENT", "7")
    found = load(Sample, {"service_name": "given", "percent": None})
    assert (found.service_name, found.percent, found.listen) == ("given", 7, "127.0.0.1:15001")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, ["--service-name is required", "SPANMESH_SERVICE_NAME"]),
        ({"service_name": "a", "listen": "8080"}, ["--listen", "'8080'", "HOST:PORT"]),
        ({"service_name": "a", "percent": "many"}, ["--percent", "SPANMESH_PERCENT", "'many'"]),
        ({"service_name": "a", "perzent": 1}, ["unknown option 'perzent'", "percent"]),
    ],
)
def test_what_is_wrong_is_said_in_one_line(given: dict[str, object], words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load(Sample, given)
    text = str(caught.value)
    assert all(word in text for word in words)
    assert "\n" not in text


@pytest.mark.parametrize(
    ("address", "parts"),
    [("127.0.0.1:80", ("127.0.0.1", 80)), ("[::1]:80", ("::1", 80)), ("db.local:1", ("db.local", 1))],
)
def test_addresses_split_and_join(address: str, parts: tuple[str, int]) -> None:
    assert split_address(address) == parts
    assert join_address(*parts) == address


@pytest.mark.parametrize("address", ["", "80", ":80", "host", "host:", "host:x", "host:65536", "host:-1"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        split_address(address)
