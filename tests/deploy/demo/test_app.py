"""The plan of the demo; tests/integration/test_demo.py runs it."""

from deploy.demo.app import DemoConfig, plan
from deploy.demo.shop import SHOP
from proxy.contract.settings import load


def test_every_instance_has_ports_of_its_own() -> None:
    instances = plan()
    assert len(instances) == sum(blueprint.instances for blueprint in SHOP.values())
    taken = [port for each in instances for port in (each.app, each.inbound, each.outbound, each.admin)]
    assert len(set(taken)) == 4 * len(instances)


def test_instances_of_one_service_differ_in_version() -> None:
    reviews = [each for each in plan() if each.service == "reviews"]
    assert [each.version for each in reviews] == ["v1", "v2", "v3"]
    assert len({each.address for each in reviews}) == 3


def test_nothing_fails_unless_asked_for() -> None:
    assert load(DemoConfig, {}, {}).fault == "none"
    assert load(DemoConfig, {"fault": "stall"}, {}).fault == "stall"
