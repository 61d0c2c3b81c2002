"""The table of endpoints, and strips of the time each was out."""

from typing import Any, cast

from dashboard.balancing import endpoints
from dashboard.balancing.states import Piece
from proxy.contract.api.graph import Endpoint
from proxy.contract.model import EndpointState
from tests.dashboard.made import stats
from tests.dashboard.text import words

MINUTE = 60_000_000


def endpoint(address: str, **given: Any) -> Endpoint:
    about = {
        "service": "reviews",
        "address": address,
        "app": "",
        "instance": "reviews-1",
        "version": "v2",
        "zone": "",
        "state": "healthy",
        "origin": "sidecar",
        "weight": 1.0,
        "open": 0,
        "oldest": 0.0,
        "ejected_since": None,
        "ejected_until": None,
        "reason": "",
        **stats(60, 0),
    }
    return cast(Endpoint, about | given)


def test_an_endpoint_has_a_row_and_one_more_when_the_mesh_has_something_to_say() -> None:
    out = endpoint(
        "b:1",
        state="ejected",
        weight=0.0,
        reason="b:1 failed 9 of 9",
        ejected_since=8 * MINUTE,
        ejected_until=11 * MINUTE,
    )
    said = words(endpoints.table([out, endpoint("a:1")], 10 * MINUTE))
    assert said.index("a:1") < said.index("b:1")
    assert "reviews-1 · v2" in said
    assert "b:1 failed 9 of 9" in said
    assert "Ejected 2 min ago, back in 1 min" in said


def test_without_endpoints_it_says_how_to_add_one() -> None:
    assert "spanmesh run" in words(endpoints.table([], 0))


def test_strips_name_state_and_reason_and_say_when_there_was_nothing() -> None:
    lanes = [("a:1", [Piece(0, MINUTE, EndpointState.EJECTED, "slow")]), ("b:1", [])]
    assert "a:1" in words(endpoints.over_time(lanes, 0, 10 * MINUTE, 0))
    assert "Nothing was ejected" in words(endpoints.over_time([("a:1", [])], 0, 10 * MINUTE, 0))
