"""The words of the language: each is known to the parser, or refused with what to write instead."""

import pytest

from collector.query.traceql import TraceQLError, field, names, parse


@pytest.mark.parametrize("name", [*names.INTRINSICS, *names.BARE])
def test_every_intrinsic_is_a_field(name: str) -> None:
    assert field(name).name == names.BARE.get(name, name)  # type: ignore[union-attr]  # no attribute


@pytest.mark.parametrize(("name", "instead"), names.UNSUPPORTED.items())
def test_what_is_not_supported_says_what_to_write(name: str, instead: str) -> None:
    with pytest.raises(TraceQLError) as caught:
        field(name)
    assert instead in caught.value.message


@pytest.mark.parametrize(("scope", "instead"), names.UNSUPPORTED_SCOPES.items())
def test_scopes_that_are_not_kept_say_what_to_write(scope: str, instead: str) -> None:
    with pytest.raises(TraceQLError) as caught:
        parse(f"{{ {scope}.a = 1 }}")
    assert instead in caught.value.message


@pytest.mark.parametrize("op", names.STRUCTURE)
def test_every_structural_operator_stands_between_spansets(op: str) -> None:
    assert parse(f"{{ }} {op} {{ }}")


@pytest.mark.parametrize("word", names.METRICS)
def test_metrics_are_refused_by_name(word: str) -> None:
    with pytest.raises(TraceQLError, match="metrics"):
        parse(f"{{ }} | {word}()")
