"""A sidecar's configuration: what is filled in and what is refused, with the fix."""

import pytest

from proxy.config import SidecarConfig
from proxy.contract.failure import ConfigError
from proxy.contract.settings import load


def test_an_instance_is_named_after_its_service() -> None:
    one, other = (load(SidecarConfig, {"service": "cart", "app": "127.0.0.1:80"}, {}) for _ in range(2))
    assert one.instance.startswith("cart-")
    assert len(one.instance) == len("cart-") + 8
    assert one.instance != other.instance
    assert load(SidecarConfig, {"service": "a", "inbound": "", "instance": "a-1"}, {}).instance == "a-1"


def test_two_listeners_may_leave_the_choice_of_their_ports_to_the_system() -> None:
    given = {"service": "a", "app": "b:80", "inbound": "127.0.0.1:0", "outbound": "127.0.0.1:0"}
    assert load(SidecarConfig, given, {}).inbound == "127.0.0.1:0"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "--service is required"),
        ({"service": "a", "app": "80"}, "HOST:PORT"),
        ({"service": "a b", "app": "127.0.0.1:80"}, "--service"),
        ({"service": "a"}, "needs --app"),
        ({"service": "a", "inbound": "", "outbound": ""}, "at least one address"),
        ({"service": "a", "app": "b:80", "inbound": "c:81", "outbound": "c:81"}, "--outbound.* both 'c:81'"),
        ({"service": "a", "inbound": "", "sample": 2}, "--sample"),
        ({"service": "a", "inbound": "", "connect_timeout": 0}, "--connect-timeout"),
        ({"service": "a", "inbound": "", "colour": "red"}, "unknown option 'colour'"),
    ],
)
def test_what_is_wrong_is_named_with_its_fix(given: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(SidecarConfig, given, {})
