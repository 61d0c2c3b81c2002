"""The models without YAML: built in code, and from plain data."""

import pytest
from pydantic import ValidationError

from proxy.contract.model import Retries, Stage
from proxy.contract.service_id import ServiceId
from topology.policy.models import Harm, Policy, RetryPolicy, ServicePolicy


def test_plain_data_of_any_source_is_read() -> None:
    found = Policy.model_validate(
        {
            "services": {
                "b": {
                    "stage": "route",
                    "percent": "25",
                    "retries": {"on": ["5xx"]},
                    "split": {"v1": "1"},
                    "endpoints": ["10.0.0.1:80"],
                    "guard": {"slower": "1.5"},
                },
                "c": None,
            }
        }
    )
    assert found.services[ServiceId("b")] == ServicePolicy(
        stage=Stage.ROUTE,
        percent=25,
        retries=RetryPolicy(on=("5xx",)),
        split={"v1": 1},
        endpoints=("10.0.0.1:80",),
        guard=Harm(slower=1.5),
    )
    assert found.services[ServiceId("c")] == ServicePolicy()


def test_an_empty_policy_decides_nothing() -> None:
    assert Policy() == Policy.model_validate(None) == Policy.model_validate({"services": None})
    assert ServicePolicy().model_dump(exclude_defaults=True) == {}


def test_retries_have_the_defaults_that_sidecars_have() -> None:
    assert RetryPolicy().retries() == Retries()
    assert RetryPolicy(attempts=3, per_try=0.5).retries() == Retries(attempts=3, per_try=0.5)


@pytest.mark.parametrize(("text", "guard"), [("true", Harm()), ("false", None)])
def test_a_guard_has_a_short_form(text: str, guard: Harm | None) -> None:
    assert ServicePolicy.model_validate({"guard": text}).guard == guard


@pytest.mark.parametrize(
    "data",
    [
        {"colour": "red"},
        {"stage": None},
        {"stage": "advise", "percent": "5"},
        {"percent": True},
        {"split": {"v1": "0", "v2": "0"}},
        {"endpoints": "10.0.0.1:80"},
        {"endpoints": ["10.0.0.1:80", "10.0.0.1:80"]},
        {"retries": "3"},
    ],
)
def test_what_is_not_understood_is_refused(data: object) -> None:
    with pytest.raises(ValidationError) as caught:
        ServicePolicy.model_validate(data)
    assert caught.value.error_count() == 1


def test_every_repeated_endpoint_is_named_beside_bad_ones() -> None:
    with pytest.raises(ValidationError) as caught:
        ServicePolicy.model_validate({"endpoints": ["10.0.0.1:80", "db", "10.0.0.1:80", "10.0.0.1:80"]})
    assert [each["loc"] for each in caught.value.errors()] == [
        ("endpoints", 1),
        ("endpoints", 2),
        ("endpoints", 3),
    ]


def test_a_policy_cannot_be_changed_once_it_is_in_force() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        ServicePolicy().stage = Stage.ROUTE
