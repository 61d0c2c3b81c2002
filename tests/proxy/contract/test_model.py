"""Services and endpoints as both planes know them."""

import subprocess
import sys

import pytest

from proxy.contract.model import Service, Stage
from proxy.contract.service_id import ServiceId


@pytest.mark.parametrize(
    ("stage", "percent", "share"),
    [(Stage.ROUTE, 25, 0.25), (Stage.ADVISE, 25, 0.0), (Stage.OBSERVE, 100, 0.0)],
)
def test_the_mesh_routes_a_share_in_stage_route_alone(stage: Stage, percent: int, share: float) -> None:
    assert Service(ServiceId("b"), stage=stage, percent=percent).routed_share == share


def test_a_sidecar_loads_neither_pydantic_nor_yaml() -> None:
    """Models of the policy are the control plane's; what sidecars get of it is plain."""
    code = "import proxy.__main__, sys; print(*{'pydantic', 'yaml', 'topology'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []
