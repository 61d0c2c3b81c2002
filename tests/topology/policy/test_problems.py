"""Problems made from pydantic's errors: key, message, fix, and a mark where the key itself is wrong."""

import pytest
from pydantic import ValidationError

from topology.policy.models import Policy
from topology.policy.problems import Fault, PolicyError, Problem, faults


def found(data: object) -> list[Fault]:
    with pytest.raises(ValidationError) as caught:
        Policy.model_validate(data)
    return faults(caught.value)


def test_a_fault_has_the_words_of_its_notation() -> None:
    assert found({"services": {"b": {"timeout": "{fix}"}}}) == [
        Fault(
            ("services", "b", "timeout"),
            "'{fix}' is not a duration",
            "write a number and ms, s or m, for example 2s",
        )
    ]


def test_unknown_keys_get_the_nearest_known_one_of_their_place() -> None:
    location = ("services", "b", "retries", "atempts")
    assert found({"services": {"b": {"retries": {"atempts": "1"}}}}) == [
        Fault(location, "unknown key", "did you mean 'attempts'?", at_key=True)
    ]
    (whole,) = found({"colour": "red"})
    assert (whole.key, whole.fix) == ("colour", "use one of: services")


def test_a_bad_name_is_at_its_key() -> None:
    (fault,) = found({"services": {"a b": {}}})
    assert (fault.location, fault.key, fault.at_key) == (("services", "a b"), "services.a b", True)


@pytest.mark.parametrize(
    ("data", "key", "message"),
    [
        ([], "the file", "must be a mapping"),
        ({"services": "a"}, "services", "must be a mapping"),
        ({"services": {"b": ["x"]}}, "services.b", "must be a mapping"),
        ({"services": {"b": {"retries": {"on": "5xx"}}}}, "services.b.retries.on", "must be a list"),
        ({"services": {"b": {"retries": {"on": ["5xx", "6xx"]}}}}, "services.b.retries.on", "'6xx' is not"),
    ],
)
def test_shapes_and_items_are_named_by_their_key(data: object, key: str, message: str) -> None:
    (fault,) = found(data)
    assert fault.key == key
    assert fault.message.startswith(message)
    assert fault.fix


def test_problems_are_a_line_of_text_each() -> None:
    error = PolicyError((Problem(3, "services.b", "is wrong", "mend it"), Problem(4, "x", "y", "z")))
    assert str(error) == "line 3: services.b: is wrong; mend it\nline 4: x: y; z"
