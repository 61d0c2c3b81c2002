"""The plan of the demo; tests/integration/test_demo.py runs it."""

from typing import Any, cast

from deploy.demo.app import DemoConfig, plan, stages_in_force
from deploy.demo.shop import SHOP
from proxy.contract.api.decisions import StageView
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


def stage(service: str, name: str, percent: int = 100) -> StageView:
    none: dict[str, Any] = dict.fromkeys(StageView.__annotations__)
    return cast("StageView", {**none, "service": service, "stage": name, "percent": percent})


def test_the_stages_of_a_former_run_are_named() -> None:
    observed = stage("cart", "observe")
    assert stages_in_force([observed]) == stages_in_force([]) == "The mesh only watches (stage observe)."
    kept = stages_in_force([observed, stage("reviews", "route", 25), stage("ratings", "advise")])
    assert kept == (
        "Stages in force, kept from before or set in --config: reviews route 25 %, ratings advise; "
        "others: observe."
    )
