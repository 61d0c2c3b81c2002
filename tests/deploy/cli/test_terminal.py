"""Errors that a user can mend are lines on standard error; everything else stays a traceback."""

import pytest
import typer

from deploy.api import ApiError
from deploy.cli.terminal import explained, say
from proxy.contract.failure import ConfigError


@pytest.mark.parametrize(("error", "status"), [(ConfigError("one\ntwo"), 2), (ApiError("one\ntwo"), 1)])
def test_an_error_to_mend_is_lines_and_a_status(
    error: Exception, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as left, explained():
        raise error
    assert left.value.exit_code == status
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0] == "spanmesh: one"


def test_a_defect_of_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), explained():
        raise ZeroDivisionError


def test_a_line_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    say("reviews [bold]v1[/bold] " + "x" * 200)
    assert capsys.readouterr().out == "reviews [bold]v1[/bold] " + "x" * 200 + "\n"
