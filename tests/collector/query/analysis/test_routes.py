"""The difference of two windows and where to look first, from stored and live traffic over real HTTP."""

from typing import Any

import pytest

from tests.collector.query.world import NOW_US, Calls, World

MINUTE = 60_000_000


def minute(source: str, target: str, ago: int, count: int = 10, errors: int = 0) -> list[Calls]:
    """Calls in each of six seconds of the minute that ended ``ago`` minutes before NOW."""
    return [Calls(source, target, 60 * ago + 10 * index + 5, count, errors) for index in range(6)]


def test_what_changed_between_two_stored_windows(world: World) -> None:
    world.calls(
        *minute("user", "shop", 61),
        *minute("shop", "cart", 61),
        *minute("shop", "old", 61),
        *minute("user", "shop", 31),
        *minute("shop", "cart", 31, errors=5),
        *minute("shop", "new", 31),
    )
    asked = {
        "start": NOW_US - 32 * MINUTE,
        "end": NOW_US - 31 * MINUTE,
        "before_start": NOW_US - 62 * MINUTE,
        "before_end": NOW_US - 61 * MINUTE,
    }
    found = world.get("/api/mesh/graph/diff", **asked)
    told = {(edge["source"], edge["target"]): edge for edge in found["edges"]}
    assert {ends: [each["change"] for each in edge["changes"]] for ends, edge in told.items()} == {
        ("shop", "cart"): ["broke"],
        ("shop", "new"): ["appeared"],
        ("shop", "old"): ["vanished"],
    }
    assert (told["shop", "cart"]["before"]["errors"], told["shop", "cart"]["after"]["errors"]) == (0, 30)
    assert told["shop", "cart"]["after"]["rate"] == 1.0
    assert {service["name"] for service in found["services"]} == {"cart", "new", "old"}
    assert found["after"] == {"start": asked["start"], "end": asked["end"], "source": "store"}
    assert found["compared"]["edges"] == 4


def test_without_windows_the_last_minutes_are_compared_with_those_before(world: World) -> None:
    world.calls(*minute("a", "b", 7))
    for ago in range(1, 250, 10):
        world.hear("a", "b", at=250 - ago, count=4, errors=3)
    found = world.get("/api/mesh/graph/diff")
    assert [each["change"] for each in found["edges"][0]["changes"]] == ["broke"]
    assert found["after"] == {"start": NOW_US - 5 * MINUTE, "end": NOW_US, "source": "live"}
    assert found["before"] == {"start": NOW_US - 10 * MINUTE, "end": NOW_US - 5 * MINUTE, "source": "store"}


def test_where_to_look_first_from_what_happens_now_and_what_is_usual(world: World) -> None:
    for ago in range(2, 12):
        world.calls(*minute("user", "shop", ago), *minute("shop", "cart", ago))
    for ago in (40, 30, 20):
        world.hear("user", "shop", ago, 10, 8)
        world.hear("shop", "cart", ago, 10, 7)
    found = world.get("/api/mesh/blame")
    assert [(each["service"], each["errors"]["own"], each["path"]) for each in found["services"]] == [
        ("cart", 21, ["user", "shop", "cart"]),
        ("shop", 3, ["user", "shop"]),
    ]
    assert found["basis"] == "excess"
    assert found["window"]["source"] == "live"
    assert found["baseline"] == {"start": NOW_US - 61 * MINUTE, "end": NOW_US - MINUTE, "source": "store"}
    assert len(world.get("/api/mesh/blame", limit=1)["services"]) == 1


def test_where_to_look_first_in_the_past(world: World) -> None:
    world.calls(*minute("user", "shop", 61, errors=4), *minute("shop", "db", 61, errors=4))
    found = world.get("/api/mesh/blame", start=NOW_US - 62 * MINUTE, end=NOW_US - 61 * MINUTE)
    assert [each["service"] for each in found["services"]] == ["db"]
    assert found["basis"] == "total"


@pytest.mark.parametrize("path", ["/api/mesh/graph/diff", "/api/mesh/blame"])
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"start": "now"}, "start is 'now': write microseconds since the epoch"),
        ({"before_start": "1795248000"}, "before_start is '1795248000': this looks like seconds"),
        ({"before_start": NOW_US, "before_end": NOW_US - 1}, "it must not be after before_end"),
    ],
)
def test_a_bad_value_is_a_400_that_names_key_value_and_fix(
    world: World, path: str, query: dict[str, Any], message: str
) -> None:
    status, told = world.refused(path, **query)
    assert status == 400
    assert message in told
