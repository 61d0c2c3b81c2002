import logging

import pytest
from dash.exceptions import PreventUpdate

from dashboard.api.client import ApiError
from dashboard.components.error_boundary import Problem, guarded


def _said(what: Problem) -> str:
    return f"{what.sentence} {what.fix}"


def test_an_api_error_becomes_its_sentence_and_fix() -> None:
    @guarded(_said)
    def callback() -> str:
        raise ApiError("Nobody answers.", "Start it.")

    assert callback() == "Nobody answers. Start it."


def test_any_other_failure_is_logged_and_named_without_details(caplog: pytest.LogCaptureFixture) -> None:
    @guarded(_said)
    def callback() -> str:
        raise ValueError("secret detail")

    with caplog.at_level(logging.ERROR):
        said = callback()
    assert "could not be drawn" in said
    assert "secret detail" not in said
    assert "secret detail" in caplog.text


def test_no_update_passes() -> None:
    @guarded(_said)
    def callback() -> str:
        raise PreventUpdate

    with pytest.raises(PreventUpdate):
        callback()
