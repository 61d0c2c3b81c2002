"""docs/configuration.md equals the text made from the settings classes."""

from pathlib import Path

import pytest

from deploy.cli.commands import SETTINGS
from deploy.cli.options_reference import SECTIONS, markdown
from proxy.contract.option import settings_of

DOCUMENT = Path(__file__).parents[3] / "docs" / "configuration.md"


def test_the_document_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == markdown(), "run make docs"


def test_every_settings_class_has_a_section() -> None:
    assert {kind for kinds in SETTINGS.values() for kind in kinds} == set(SECTIONS)


@pytest.mark.parametrize("kind", SECTIONS)
def test_every_option_has_a_row(kind: type) -> None:
    text = markdown()
    for setting in settings_of(kind):
        assert f"| `{setting.flag}" in text
        assert f"`{setting.variable}`" in text
