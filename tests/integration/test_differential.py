"""The same odd requests through Envoy and through the sidecar: no difference that is not justified."""

import asyncio
from pathlib import Path

import pytest

from tests.integration.differences import DIFFERENCES, described
from tests.integration.envoy_codec import envoy
from tests.integration.odd_requests import ANSWERS, LAST, ODD
from tests.integration.recording import Backend, Outcome, outcome
from tests.proxy.rig import play, serving, world

pytestmark = pytest.mark.envoy

Pair = tuple[Outcome, Outcome]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pair]:
    """What came of every odd request: through the sidecar, and through Envoy."""
    found: dict[str, Pair] = {}
    play(_send_all(tmp_path_factory.mktemp("envoy"), found))
    return found


async def _send_all(folder: Path, found: dict[str, Pair]) -> None:
    """The two run side by side, each with a backend of its own."""
    ours, theirs = Backend(), Backend()
    async with (
        serving(ours) as app,
        serving(theirs) as other,
        world(app) as sidecar,
        envoy(other, folder) as port,
    ):
        for name, odd in ODD.items():
            sent = odd + LAST
            found[name] = await asyncio.gather(
                outcome(sidecar.inbound, sent, ours), outcome(port, sent, theirs)
            )


def test_every_difference_from_envoy_is_listed_with_its_reason(results: dict[str, Pair]) -> None:
    listed = {name: (each.ours, each.envoy) for each in DIFFERENCES for name in each.names}
    seen = {
        name: (described(ours, theirs), described(theirs, ours))
        for name, (ours, theirs) in results.items()
        if ours != theirs
    }
    assert seen == listed
    assert len(results) == len(ODD) > 150


def test_what_the_sidecar_refuses_reaches_nobody(results: dict[str, Pair]) -> None:
    for name in set(results) - set(ANSWERS):
        ours = results[name][0]
        if ours.answers[0] in "45":
            assert [each for each in ours.arrived if " /last " not in each] == [], name


def test_the_sidecar_leaves_nobody_waiting(results: dict[str, Pair]) -> None:
    for name, (ours, _) in results.items():
        assert ours.answers != "closed", name
        assert "open" not in ours.answers, name


def test_a_difference_is_listed_once() -> None:
    names = [name for each in DIFFERENCES for name in each.names]
    assert len(names) == len(set(names))
    assert set(names) <= set(ODD)
