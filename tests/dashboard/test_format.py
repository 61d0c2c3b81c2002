import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import format as fmt


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 rps"), (0.4, "0.4 rps"), (1234, "1.23k rps"), (12_000_000, "12M rps"), (87.46, "87.5 rps")],
)
def test_rates_have_three_figures_and_a_unit(value: float, text: str) -> None:
    assert fmt.rate(value) == text


@pytest.mark.parametrize(
    ("ms", "text"),
    [(None, "–"), (0.85, "850 µs"), (340, "340 ms"), (1234, "1.23 s"), (90_000, "1.5 min"), (2.5, "2.5 ms")],
)
def test_durations_choose_their_unit(ms: float | None, text: str) -> None:
    assert fmt.duration(ms) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(None, "–"), (1.0, "100 %"), (0.9995, "99.95 %"), (0.999999, "99.99 %"), (0.0, "0 %"), (0.5, "50 %")],
)
def test_only_a_perfect_share_reads_100(share: float | None, text: str) -> None:
    assert fmt.percent(share) == text


def test_times_are_told_in_the_zone_of_the_browser() -> None:
    noon = 1_767_268_800_000_000  # 2026-01-01 12:00 UTC
    assert fmt.clock(noon, 60) == "13:00:00"
    assert fmt.clock(noon, -330) == "06:30:00"
    assert fmt.moment(noon, 0) == "2026-01-01 12:00:00.000"


@pytest.mark.parametrize(
    ("ago", "text"),
    [(0, "now"), (12, "12 s ago"), (200, "3 min ago"), (7300, "2 h ago"), (200_000, "2 d ago")],
)
def test_ages_use_the_largest_unit_that_fits(ago: int, text: str) -> None:
    assert fmt.age(10**15, 10**15 + ago * 1_000_000) == text


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_short_text_is_never_longer_than_asked(text: str, limit: int) -> None:
    assert len(fmt.short(text, limit)) <= limit


@given(st.text())
def test_chart_labels_hold_no_markup(text: str) -> None:
    assert not {"<", ">"} & set(fmt.plain(text))


def test_evidence_is_told_with_units() -> None:
    told = dict(
        fmt.evidence({"success": 0.59, "p99_ms": 210.4, "window_s": 10, "calls": 240, "capped": True})
    )
    assert fmt.evidence({"window": 5.0, "reporters": {"a-1": {"count": 3}, "b-1": {}}}) == [
        ("window", "5 s"),
        ("reporters", "a-1, b-1"),
    ]
    assert told == {"success": "59 %", "p99": "210 ms", "window": "10 s", "calls": "240", "capped": "yes"}


def test_periods_name_their_offset_and_a_second_date_only_where_it_differs() -> None:
    at = 1_772_373_807_000_000  # 2026-03-01 14:03:27 UTC
    assert fmt.period(at, at + 3_600_000_000, 0) == "2026-03-01 14:03:27 to 15:03:27, UTC"
    assert fmt.period(at, at + 43_200_000_000, 330) == "2026-03-01 19:33:27 to 2026-03-02 07:33:27, UTC+5:30"
    assert fmt.offset(at, -210) == "UTC−3:30"


SUMMER = 1_774_746_000_000_000  # 2026-03-29 01:00 UTC, when Berlin's clocks go from 2:00 to 3:00
WINTER = 1_792_890_000_000_000  # 2026-10-25 01:00 UTC, when they go from 3:00 back to 2:00
HOUR = 3_600_000_000


def test_a_time_has_the_offset_that_its_zone_has_then() -> None:
    assert fmt.moment(SUMMER - 1000, "Europe/Berlin") == "2026-03-29 01:59:59.999"
    assert fmt.moment(SUMMER, "Europe/Berlin") == "2026-03-29 03:00:00.000"
    assert [fmt.clock(WINTER + by, "Europe/Berlin") for by in (-HOUR, 0)] == ["02:00:00", "02:00:00"]
    assert [fmt.offset(WINTER + by, "Europe/Berlin") for by in (-HOUR, 0)] == ["UTC+2", "UTC+1"]
    assert (
        fmt.moment(SUMMER, "Australia/Lord_Howe") == "2026-03-29 12:00:00.000"
    )  # half an hour of summer time
    assert fmt.clock(SUMMER, "America/St_Johns") == "22:30:00"
    assert (
        fmt.moment(SUMMER, "Nowhere/At_All") == fmt.moment(SUMMER, "../etc/passwd") == fmt.moment(SUMMER, 0)
    )


def test_a_period_across_a_change_of_clocks_names_both_offsets() -> None:
    told = fmt.period(WINTER - HOUR, WINTER + HOUR, "Europe/Berlin")
    assert told == "2026-10-25 02:00:00 UTC+2 to 03:00:00 UTC+1"


def test_what_comes_before_is_negative() -> None:
    assert (fmt.after(1.5), fmt.after(-340)) == ("1.5 ms", "−340 ms")
