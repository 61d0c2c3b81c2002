"""Settings come from flags, then the environment; errors name flag, variable, value and fix."""

import os
from dataclasses import dataclass
from typing import Annotated, Literal

import pytest

from proxy.contract.address import check_address
from proxy.contract.failure import ConfigError
from proxy.contract.option import Option
from proxy.contract.settings import environment, load


@dataclass(frozen=True, kw_only=True)
class Sample:
    service_name: Annotated[str, Option(help="a name")]
    listen: Annotated[str, Option(help="an address", check=check_address)] = "127.0.0.1:15001"
    percent: Annotated[int, Option(help="a share", least=0, most=100)] = 0
    quick: Annotated[bool, Option(help="a switch")] = False
    pause: Annotated[float, Option(help="a time", least=0)] = 0.0
    mode: Annotated[Literal["a", "b", "c"], Option(help="a choice")] = "a"

    def __post_init__(self) -> None:
        if self.quick and self.percent == 100:
            raise ValueError("--quick (SPANMESH_QUICK) leaves no 100 percent: give less")


def test_options_come_before_the_environment() -> None:
    environ = {"SPANMESH_SERVICE_NAME": "from-environment", "SPANMESH_PERCENT": "7"}
    found = load(Sample, {"service_name": "given", "percent": None}, environ)
    assert (found.service_name, found.percent, found.listen) == ("given", 7, "127.0.0.1:15001")


def test_an_empty_variable_is_a_value() -> None:
    assert load(Sample, {}, {"SPANMESH_SERVICE_NAME": ""}).service_name == ""


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, ["--service-name is required", "SPANMESH_SERVICE_NAME"]),
        ({"service_name": "a", "listen": "8080"}, ["--listen", "'8080'", "HOST:PORT"]),
        ({"service_name": "a", "percent": "many"}, ["--percent", "SPANMESH_PERCENT", "'many'"]),
        ({"service_name": "a", "perzent": 1}, ["unknown option 'perzent'", "percent"]),
        ({"service_name": "a", "quick": True, "percent": 100}, ["--quick", "give less"]),
        ({"service_name": "a", "pause": "inf"}, ["--pause", "'inf'", "finite"]),
        ({"service_name": "a", "pause": "nan"}, ["--pause", "'nan'", "finite"]),
        ({"service_name": os.fsdecode(b"\xff")}, ["--service-name", r"'\udcff'", "UTF-8"]),
    ],
)
def test_what_is_wrong_is_said_in_one_line(given: dict[str, object], words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load(Sample, given, {})
    text = str(caught.value)
    assert all(word in text for word in words)
    assert "\n" not in text


@pytest.mark.parametrize(
    ("name", "value", "fix"),
    [
        ("percent", "101", "write a whole number from 0 to 100"),
        ("percent", "1.5", "write a whole number from 0 to 100"),
        ("quick", "maybe", "write true or false"),
        ("pause", "-1", "write a number at least 0"),
        ("pause", "nan", "write a finite number at least 0"),
        ("mode", "d", "write a, b or c"),
    ],
)
def test_the_fix_says_which_values_are_taken(name: str, value: str, fix: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(Sample, {"service_name": "a", name: value}, {})
    assert str(caught.value) == f"--{name} (SPANMESH_{name.upper()}) is {value!r}: {fix}"


def test_every_problem_is_a_line() -> None:
    with pytest.raises(ConfigError) as caught:
        load(Sample, {"listen": "8080"}, {"SPANMESH_PERCENT": "101"})
    lines = str(caught.value).splitlines()
    assert [line.split()[0] for line in lines] == ["--service-name", "--listen", "--percent"]


def test_a_child_process_loads_the_same_from_its_environment() -> None:
    sample = Sample(service_name="", percent=3, quick=True)
    assert load(Sample, {}, environment(sample)) == sample
