"""The wire does not change by accident: replies are those that were recorded, and are what is declared."""

import json
import re
from typing import Any

import pytest

from proxy.contract.api.route import Route
from proxy.contract.api.routes import ROUTES
from tests.collector.query.recorded import ASKED, RECORDED, fill, replies
from tests.collector.query.world import World

ALL = [route for routes in ROUTES.values() for route in routes]
ENTRIES: list[dict[str, Any]] = json.loads(RECORDED.read_text("utf-8"))


def of(method: str, path: str) -> Route[Any]:
    """The declared route that answers for a path."""
    return next(
        route
        for route in ALL
        if route.method == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", route.path), path)
    )


def test_replies_are_those_that_were_recorded(world: World) -> None:
    """Meant to differ? Then ``python -m tests.collector.query.recorded``, and tell it in the changelog."""
    fill(world)
    for now, then in zip(replies(world), ENTRIES, strict=True):
        assert now == then
        assert json.dumps(now) == json.dumps(then), "the keys come in the same order"


@pytest.mark.parametrize("entry", ENTRIES, ids=[" ".join(entry["asked"][:2]) for entry in ENTRIES])
def test_a_reply_is_what_its_route_declares(entry: dict[str, Any]) -> None:
    """Nothing is of another type, nothing is missing, and nothing is there that is not declared."""
    method, path, given = entry["asked"]
    route = of(method, path)
    read = route.parse(json.dumps(entry["reply"]).encode())
    assert read == entry["reply"]
    assert given.keys() <= {each.name for each in route.parameters} or route.body


def test_every_route_is_recorded_but_that_of_the_disk() -> None:
    recorded = {of(method, path).path for method, path, _ in ASKED}
    replies = {route.path for route in ALL if route.media == "application/json"}
    assert replies - recorded == {"/api/mesh/store"}
