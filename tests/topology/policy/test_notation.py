"""The notations of values, and the messages for values that do not follow them."""

from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from proxy.contract.model import Stage
from topology.policy.notation import (
    PROBLEM,
    Address,
    Choice,
    Duration,
    Factor,
    Name,
    Notation,
    Share,
    Switch,
    UrlPath,
    Whole,
    require_scalar,
    suggestion,
)

STAGES = Choice("a stage", [stage.value for stage in Stage], Stage)


@pytest.mark.parametrize(
    ("notation", "text", "value"),
    [
        (Name(), "reviews.v1_b-2", "reviews.v1_b-2"),
        (Duration(), "1.5s", 1.5),
        (Duration(), "250ms", 0.25),
        (Duration(), "2m", 120.0),
        (Share(), "12.5 %", 0.125),
        (Factor(), "1.2", 1.2),
        (Switch(), "true", True),
        (Switch(), "false", False),
        (UrlPath(), "/healthz?full=1", "/healthz?full=1"),
        (Address(), "[::1]:80", "[::1]:80"),
        (Whole(0, 100), "100", 100),
        (STAGES, "route", Stage.ROUTE),
        (Choice("a fruit", ["apple"]), "apple", "apple"),
    ],
)
def test_a_text_is_read(notation: Notation, text: str, value: object) -> None:
    assert notation.parse(text) == value
    assert notation.parse(notation.render(value)) == value
    assert notation.kind


@pytest.mark.parametrize(
    ("notation", "text", "message"),
    [
        (Name(), "-a", "'-a' is not a service name"),
        (Duration(), "2", "'2' is not a duration"),
        (Duration(), "0ms", "'0ms' is not a duration"),
        (Share(), "101%", "'101%' is not a percentage from 0% to 100%"),
        (Factor(), "1.0", "is '1.0'"),
        (Switch(), "yes", "is 'yes'"),
        (UrlPath(), "/a\r\nx: y", "'/a\\r\\nx: y' is not a path"),
        (Address(), "db:80", "'db:80' is not an endpoint"),
        (Address(), "10.0.0.1:0", "'10.0.0.1:0' has port 0"),
        (Whole(1, 10), "11", "is '11'"),
        (Whole(1, 10), "9" * 5000, f"is '{'9' * 5000}'"),
        (STAGES, "{fix}", "'{fix}' is not a stage"),
    ],
)
def test_a_bad_text_is_named_with_what_to_write(notation: Notation, text: str, message: str) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        notation.parse(text)
    context = caught.value.context or {}
    assert (caught.value.type, context["message"]) == (PROBLEM, message)
    assert context["fix"]


@pytest.mark.parametrize(
    ("value", "message"),
    [(None, "has no value"), ([1], "has no value but a list"), ({}, "has no value but a mapping")],
)
def test_one_value_is_needed(value: object, message: str) -> None:
    require_scalar("")
    with pytest.raises(PydanticCustomError) as caught:
        require_scalar(value)
    assert (caught.value.context or {})["message"] == message


def test_values_of_the_type_itself_pass_and_the_type_is_checked_after() -> None:
    adapter = TypeAdapter(Annotated[float, Duration()])
    assert (adapter.validate_python("2s"), adapter.validate_python(2.0)) == (2.0, 2.0)
    with pytest.raises(ValidationError):
        adapter.validate_python(object())


class Colour(str):
    """A subclass of str."""


class ColourName(Notation):
    """A notation that parses to it."""

    kind = "colour"

    def parse(self, text: str) -> Colour:
        return Colour(text)


def test_a_notation_may_make_a_text_of_a_type_of_its_own() -> None:
    adapter = TypeAdapter(dict[Annotated[Colour, ColourName()], int])
    (name,) = adapter.validate_python({"red": 1})
    assert (type(name), name) == (Colour, "red")


def test_a_word_close_to_a_known_one_is_suggested_else_all_are() -> None:
    assert suggestion("Rout", ["observe", "route"]) == "did you mean 'route'?"
    assert suggestion("x", ["observe", "route"]) == "use one of: observe, route"
