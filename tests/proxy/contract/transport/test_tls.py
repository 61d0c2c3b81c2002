"""Material that cannot be used is refused in one line, and what was in use stays."""

from dataclasses import replace

import pytest

from proxy.contract.failure import ConfigError
from proxy.contract.transport.tls import Tls
from tests.proxy.contract.transport.authority import Authority

CART = "spiffe://mesh.example/ns/shop/sa/cart"


@pytest.mark.parametrize("part", ["key", "chain", "trust"])
def test_material_that_does_not_fit_is_refused_and_the_old_stays(part: str) -> None:
    root = Authority()
    good, other = root.issue(CART), root.issue(CART)
    tls = Tls(good)
    # A key and a chain each are good, and not made for each other; a trust of no certificate is none.
    bad = replace(good, **{part: b"" if part == "trust" else getattr(other, part)})
    with pytest.raises(ConfigError, match="as PEM"):
        Tls(bad)
    with pytest.raises(ConfigError, match="as PEM"):
        tls.replace(bad)
    assert tls.material is good


def test_contexts_say_what_they_verify() -> None:
    tls = Tls(Authority().issue(CART))
    verifying = {
        name: getattr(tls, name).verify_mode.name for name in ("server", "mutual", "client", "workload")
    }
    assert verifying == {
        "server": "CERT_NONE",
        "mutual": "CERT_REQUIRED",
        "client": "CERT_REQUIRED",
        "workload": "CERT_REQUIRED",
    }
    assert (tls.client.check_hostname, tls.workload.check_hostname) == (True, False)
