from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import format as fmt
from dashboard.search import timerange
from dashboard.search.timerange import TimeError

NOW = int(datetime(2026, 3, 1, 12, 30, tzinfo=UTC).timestamp()) * 1_000_000
MINUTE = 60_000_000


def at(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp() * 1_000_000)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("text", "zone", "us"),
    [
        ("now", 60, NOW),
        (" now-30m ", 60, NOW - 30 * MINUTE),
        ("-2h", 0, NOW - 120 * MINUTE),
        ("2026-02-28 14:00", 60, at(2026, 2, 28, 13)),
        ("2026-02-28", 0, at(2026, 2, 28)),
        ("2026-02-28T14:00:01.5Z", 60, at(2026, 2, 28, 14, 0, 1) + 500_000),
        ("11:05", -120, at(2026, 3, 1, 13, 5)),
    ],
)
def test_times_are_read_in_the_zone_of_the_browser(text: str, zone: int, us: int) -> None:
    assert timerange.moment(text, "From", NOW, zone) == us


@given(st.integers(0, 4_000_000_000_000), st.integers(-14 * 60, 14 * 60))
def test_what_is_written_is_read_again(ms: int, zone: int) -> None:
    us = ms * 1000
    assert timerange.moment(timerange.format_time(us, zone), "From", NOW, zone) == us


@pytest.mark.parametrize(
    ("start", "end", "fix"),
    [
        ("", "", "From is empty"),
        ("noon", "", "From is 'noon': write 2026"),
        ("25:00", "", "From is '25:00'"),
        ("10:00", "9:00", "swap them"),
        ("now", "1969-01-01", "To is '1969-01-01'"),
        ("now-1h", "99999999-01-01", "To is"),
    ],
)
def test_a_window_that_cannot_be_read_names_the_field_and_the_fix(start: str, end: str, fix: str) -> None:
    with pytest.raises(TimeError, match=fix):
        timerange.window(start, end, NOW, 0)


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    with suppress(TimeError):
        assert timerange.moment(text, "To", NOW, 60) >= 0


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", 330]
)
@given(us=st.integers(0, 4_000_000_000).map(lambda seconds: seconds * 1_000_000))
def test_a_time_that_was_written_is_read_back_also_around_a_change_of_clocks(zone: fmt.Zone, us: int) -> None:
    assert timerange.moment(timerange.format_time(us, zone), "From", NOW, zone) == us
    # 2026-10-25 and -03-29 in Europe, -11-01 and -03-08 in America, -10-04 and -04-05 in Australia.
    for day in ("2026-10-25", "2026-03-29", "2026-11-01", "2026-03-08", "2026-10-04", "2026-04-05"):
        near = int(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()) * 1_000_000
        near += us % (86_400 * 1_000_000) - 8 * 3_600_000_000
        assert timerange.moment(timerange.format_time(near, zone), "From", NOW, zone) == near
