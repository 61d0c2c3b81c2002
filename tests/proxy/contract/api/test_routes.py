"""The declared routes as a whole: what every one of them must have."""

import re
from typing import Any

from proxy.contract.api.parameters import Choice, Whole
from proxy.contract.api.routes import ROUTES

ALL = [route for routes in ROUTES.values() for route in routes]


def test_no_two_routes_answer_for_one_request() -> None:
    assert len({(route.method, route.path) for route in ALL}) == len(ALL)


def test_every_route_says_what_it_answers() -> None:
    for route in ALL:
        assert re.fullmatch(r"/[a-z/]+({\w+})?", route.path)
        assert route.summary
        assert not route.summary.endswith(".")
        assert route.reply.__doc__


def test_parameters_of_a_route_have_names_of_their_own_and_a_meaning() -> None:
    for route in ALL:
        names = [each.name for each in route.parameters]
        assert len(set(names)) == len(names)
        assert all(each.meaning for each in route.parameters)


def test_a_default_is_a_value_that_may_be_sent() -> None:
    for route in ALL:
        for parameter in route.parameters:
            if isinstance(parameter, Choice | Whole) and not parameter.required and not parameter.absent:
                assert parameter.default == "" or parameter.parse(str(parameter.default)) == parameter.default


def test_types_of_one_name_are_one_type() -> None:
    """Their names are those of the schemas: OpenAPI and the documents refer to types by name."""
    known: dict[str, Any] = {}
    for route in ALL:
        assert known.setdefault(route.reply.__name__, route.reply) is route.reply
