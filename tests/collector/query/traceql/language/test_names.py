"""The words of the language: each is known to the parser, or refused with what to write instead."""

import pytest

from collector.query.traceql import TraceQLError, field, parse, parse_any
from collector.query.traceql.language import names


@pytest.mark.parametrize("name", [*names.INTRINSICS, *names.BARE])
def test_every_intrinsic_is_a_field(name: str) -> None:
    assert field(name).name == names.BARE.get(name, name)  # type: ignore[union-attr]  # no attribute


@pytest.mark.parametrize(("scope", "instead"), names.INTRINSIC_SCOPES.items())
def test_scopes_without_attributes_say_what_to_write(scope: str, instead: str) -> None:
    with pytest.raises(TraceQLError) as caught:
        parse(f"{{ {scope}.a = 1 }}")
    assert instead in caught.value.message


@pytest.mark.parametrize("scope", [*names.SCOPES, names.PARENT, "parent.span", "parent.resource"])
def test_every_scope_has_attributes(scope: str) -> None:
    assert parse(f"{{ {scope}.a = 1 }}")


@pytest.mark.parametrize("op", names.STRUCTURE)
def test_every_structural_operator_stands_between_spansets(op: str) -> None:
    assert parse(f"{{ }} {op} {{ }}")


@pytest.mark.parametrize("word", names.METRICS)
def test_metrics_are_no_queries_for_traces(word: str) -> None:
    argument = {"compare": "{ .a }", "quantile_over_time": "duration, 0.5"}.get(word, "duration")
    said = f"{{ }} | {word}({'' if word in names.COUNTS else argument})"
    assert parse_any(said)
    with pytest.raises(TraceQLError, match="/api/metrics/query_range"):
        parse(said)
