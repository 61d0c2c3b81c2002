"""Kinds of query parameters: what is taken, and what to write instead of everything else."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.contract.api.parameters import Choice, Duration, Instant, Parameter, Text, Whole

DURATION = Duration(name="d", meaning="")


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1.2s", 1_200_000_000),
        ("100ms", 100_000_000),
        ("5us", 5_000),
        ("5µs", 5_000),
        ("7ns", 7),
        ("0", 0),
        ("1h30m", 5_400_000_000_000),
        ("2d", 172_800_000_000_000),
        (".5s", 500_000_000),
        ("1.5ms", 1_500_000),
    ],
)
def test_durations(text: str, nanoseconds: int) -> None:
    assert DURATION.parse(text) == nanoseconds


@given(st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from(["ns", "us", "ms", "s", "m"])), min_size=1))
def test_a_duration_is_the_sum_of_its_parts(parts: list[tuple[int, str]]) -> None:
    units = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9}
    text = "".join(f"{number}{unit}" for number, unit in parts)
    total = sum(number * units[unit] for number, unit in parts)
    assert DURATION.parse(text) == pytest.approx(total, rel=1e-9)


@given(st.text())
def test_any_text_is_a_duration_or_a_clear_error(text: str) -> None:
    with suppress(ValueError):
        assert DURATION.parse(text) >= 0


@pytest.mark.parametrize(
    ("parameter", "text", "value"),
    [
        (Text(name="t", meaning=""), " any\n", " any\n"),
        (Whole(name="w", meaning="", low=-3, high=10), "-3", -3),
        (Instant(name="i", meaning=""), "1760000000000000", 1_760_000_000_000_000),
        (Choice(name="c", meaning="", choices=("a", "b")), "b", "b"),
    ],
)
def test_a_text_is_a_value(parameter: Parameter[object], text: str, value: object) -> None:
    assert parameter.parse(text) == value


@pytest.mark.parametrize(
    ("parameter", "text", "fix"),
    [
        (Whole(name="w", meaning="", low=1, high=10), "11", "write a whole number from 1 to 10"),
        (Whole(name="w", meaning="", low=1, high=10), "1.0", "write a whole number from 1 to 10"),
        (Instant(name="i", meaning=""), "1760000000", "this looks like seconds"),
        (Instant(name="i", meaning=""), "1760000000000", "this looks like milliseconds"),
        (Choice(name="c", meaning="", choices=("a", "b")), "A", "write a or b"),
        (Choice(name="c", meaning="", choices=("a", "b", "c")), "", "write one of a, b, c"),
        (DURATION, "5", "write a number with a unit"),
    ],
)
def test_anything_else_is_refused_with_what_to_write(
    parameter: Parameter[object], text: str, fix: str
) -> None:
    with pytest.raises(ValueError, match=fix):
        parameter.parse(text)


def test_a_schema_is_json_and_has_the_bounds() -> None:
    assert Whole(name="w", meaning="", low=1, high=10).schema() == {
        "type": "integer",
        "minimum": 1,
        "maximum": 10,
    }
    assert Choice(name="c", meaning="", choices=("a", "b")).schema()["enum"] == ["a", "b"]
    for parameter in (Text(name="t", meaning=""), Instant(name="i", meaning=""), DURATION):
        assert json.loads(json.dumps(parameter.schema()))["type"] in ("string", "integer")
