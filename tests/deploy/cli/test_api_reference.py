"""docs/api.md and docs/openapi.json equal the texts made from the routes."""

from pathlib import Path

import pytest

from deploy.cli.api_reference import fill
from proxy.contract.api import openapi
from proxy.contract.api.routes import ROUTES

DOCS = Path(__file__).parents[3] / "docs"
API = (DOCS / "api.md").read_text("utf-8")


def test_the_document_is_up_to_date() -> None:
    assert fill(API) == API, "run make docs"


def test_the_openapi_document_is_up_to_date() -> None:
    assert (DOCS / "openapi.json").read_text("utf-8") == openapi.text(), "run make docs"


def test_every_route_with_its_parameters_is_in_the_document() -> None:
    for routes in ROUTES.values():
        for route in routes:
            assert f"| `{route.method} {route.path}` |" in API
            if route.parameters:
                assert f"<!-- api: parameters {route.method} {route.path} -->" in API
            for parameter in route.parameters:
                assert f"| `{parameter.name}` |" in API


def test_what_is_not_a_block_is_left_alone() -> None:
    assert fill("# text\n<!-- other -->\n") == "# text\n<!-- other -->\n"
    block = fill("a\n<!-- api: routes collector -->\nold\n<!-- /api -->\nb\n")
    assert "\nold\n" not in block
    assert block.startswith("a\n<!-- api: routes collector -->\n| route |")
    assert block.endswith("\n<!-- /api -->\nb\n")


@pytest.mark.parametrize("name", ["tables", "routes of nothing"])
def test_a_block_that_names_nothing_is_an_error(name: str) -> None:
    with pytest.raises(KeyError):
        fill(f"<!-- api: {name} -->\n<!-- /api -->")
