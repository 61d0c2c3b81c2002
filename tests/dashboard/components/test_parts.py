"""Building blocks: names as they are, states that say what to do, and tables."""

from dash import html

from dashboard.api.client import ApiError
from dashboard.components import parts
from dashboard.components.error_boundary import Problem
from tests.dashboard.made import stats
from tests.dashboard.text import words

HOSTILE = '"><img src=x onerror="hit()">'


def test_a_name_is_text_in_its_own_direction_and_cut_when_long() -> None:
    shown = parts.name(HOSTILE)
    assert isinstance(shown, html.Bdi)
    assert words(shown) == HOSTILE
    long = parts.name("x" * 500, 20)
    assert len(words(long)) == 20
    assert getattr(long, "title", "") == "x" * 500


def test_tiles_have_the_four_numbers_of_traffic_with_their_units() -> None:
    assert words(parts.tiles(stats(600, 6, 40.0))) == "Rate 10 rps Success 99 % p50 40 ms p99 40 ms"
    assert words(parts.tiles(stats(0))).count("–") == 3


def test_a_mark_of_health_has_a_text_for_those_who_see_no_colour() -> None:
    for health, text in (("ok", "healthy"), ("warn", "degraded"), ("bad", "failing"), ("idle", "no traffic")):
        assert getattr(parts.dot(health), "aria-label") == text


def test_a_panel_that_fails_shows_its_fix_and_another_as_drawn() -> None:
    def fails() -> parts.Children:
        raise ApiError("the collector does not answer", "start it", 0)

    assert words(parts.attempt(fails)) == "the collector does not answer start it"
    assert parts.attempt(lambda: "drawn") == "drawn"


def test_a_problem_is_an_alert_and_an_empty_state_is_none() -> None:
    assert getattr(parts.problem(Problem("down", "wait")), "role", "") == "alert"
    assert getattr(parts.empty("nothing", "do this"), "role", "") == "status"
    assert "spanmesh run --service NAME" in words(parts.no_traffic())


def test_a_table_is_named_and_its_numbers_stand_right() -> None:
    table = parts.table(("Service", "Calls"), [html.Tr([html.Td("a"), html.Td("1")])], "Services", (1,))
    assert words(table) == "Service Calls a 1"
    heads = str(table)
    assert heads.count("className='num'") == 1
    assert "Services" in heads


def test_a_card_has_a_title_row_only_with_a_title() -> None:
    assert words(parts.card("inside", "Title", "aside")) == "Title aside inside"
    assert words(parts.card(["one", "two"])) == "one two"


def test_pairs_cut_values_that_would_fill_the_page() -> None:
    assert len(words(parts.pairs([("key", "v" * 5000)]))) < 2100


def test_a_stage_says_its_share_only_when_it_routes() -> None:
    assert [words(parts.stage_chip(stage, 25)) for stage in ("observe", "route")] == ["observe", "route 25 %"]
