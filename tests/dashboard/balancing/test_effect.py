"""Both arms beside each other, and what is claimed of their difference."""

import pytest

from dashboard.balancing import effect as balancing_effect
from proxy.contract.api.decisions import SizeComparison
from tests.dashboard.made_mesh import effect, figure, stage
from tests.dashboard.text import words

SURE = effect(figure(0.0796, 0.008, lower_is_better=False), figure(-1.8, 4.0), figure(-34.8, 9.0))


def test_one_arm_alone_asks_for_a_control_group() -> None:
    assert "keep a control group" in balancing_effect.verdict(stage(None))


def test_only_what_is_significant_is_claimed() -> None:
    assert balancing_effect.verdict(stage(SURE)) == (
        "Routed calls succeed 7.96 pp more often. Their p99 is 34.8 ms shorter."
    )


def test_harm_is_told_as_well() -> None:
    worse = effect(figure(-0.02, 0.004, lower_is_better=False), figure(12.0, 3.0))
    assert balancing_effect.verdict(stage(worse)) == (
        "Routed calls succeed 2.00 pp less often. Their p50 is 12 ms longer."
    )


def test_longer_calls_are_put_into_perspective_when_fewer_fail() -> None:
    told = balancing_effect.verdict(stage(effect(figure(0.3, 0.1, lower_is_better=False), figure(7.0, 3.0))))
    assert told.endswith("Their p50 is 7 ms longer. Failed calls are counted too, and may have been quick.")


def test_other_answers_are_told_first_and_nothing_is_better_beside_them() -> None:
    quick = figure(-40.0, 2.0)
    quick["better"] = None  # as the API says it where the answers differ
    same, refused = figure(0.0, 0.01, lower_is_better=False), figure(0.64, 0.02)
    found = stage(effect(same, quick, refused=refused, shed=figure(0.0, 0.01)))
    assert balancing_effect.verdict(found) == (
        "Routed calls are refused (4xx) 64.00 pp more often. "
        "Latencies of different answers are not compared: faster is no improvement."
    )
    told = words(balancing_effect.effect(found))
    assert "Refusals (4xx)" in told
    assert "worse" in told
    assert "other answers" in told
    assert "better" not in told.replace("no improvement", "")
    fewer = stage(effect(same, redirect=figure(-0.3, 0.02)))
    assert "are redirected (3xx) 30.00 pp less often" in balancing_effect.verdict(fewer)
    unknown = stage(effect(same, pondered=figure(0.3, 0.02)))
    assert balancing_effect.verdict(unknown).startswith("No significant difference yet")


@pytest.mark.parametrize(
    ("direct", "routed", "larger", "row", "sentence"),
    [
        (0, 0, False, "Smaller bodies", "Routed responses have an empty body 64.00 pp more often."),
        (1490, 1200, False, "Smaller bodies", "have a body of at most 1,200 bytes 64.00 pp more often."),
        (1200, 1490, True, "Larger bodies", "have a body of more than 1,490 bytes 64.00 pp more often."),
    ],
)
def test_other_sizes_are_other_answers(
    direct: int, routed: int, larger: bool, row: str, sentence: str
) -> None:
    def sizes(difference: float) -> SizeComparison:
        share = figure(difference, 0.02)
        return SizeComparison(**share, direct_bytes=direct, routed_bytes=routed, larger=larger)

    same = figure(0.0, 0.01, lower_is_better=False)
    told = balancing_effect.verdict(stage(effect(same, sizes=sizes(0.64))))
    assert sentence in told
    assert "faster is no improvement" in told
    assert row in words(balancing_effect.effect(stage(effect(same, sizes=sizes(0.64)))))
    assert balancing_effect.verdict(stage(effect(same, sizes=sizes(0.01)))).startswith("No significant")


def test_chance_is_called_chance() -> None:
    told = balancing_effect.verdict(stage(effect(figure(0.001, 0.01, lower_is_better=False))))
    assert told.startswith("No significant difference yet")


def test_every_figure_shows_its_interval_and_what_it_means() -> None:
    told = words(balancing_effect.effect(stage(SURE)))
    for said in ("95 % intervals", "+7.16 pp to +8.76 pp", "−5.8 ms to +2.2 ms", "not significant", "better"):
        assert said in told


def test_a_percentile_nobody_can_bound_says_so() -> None:
    assert "too few calls" in words(balancing_effect.effect(stage(effect(SURE["success"]))))


@pytest.mark.parametrize(("low", "high"), [(-5.0, 5.0), (1.0, 9.0), (-9.0, -1.0), (0.0, 0.0)])
def test_an_interval_stays_within_its_frame(low: float, high: float) -> None:
    drawn = balancing_effect.interval(figure((low + high) / 2, (high - low) / 2), "ok")
    _, reach, mark = (getattr(each, "style", {}) for each in drawn)
    left, width = (float(reach[key].rstrip("%")) for key in ("left", "width"))
    assert 0 <= left <= left + width <= 100
    assert left <= float(mark["left"].rstrip("%")) <= left + width + 0.1
