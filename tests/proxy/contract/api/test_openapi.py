"""The OpenAPI document says everything that is declared, and refers to nothing that is not in it."""

import json
import re
from typing import Any

from proxy.contract.api import openapi
from proxy.contract.api.routes import ROUTES

DOCUMENT = openapi.document()


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {value["$ref"]} if "$ref" in value else set().union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        found: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert isinstance(found, dict)


def test_every_route_is_an_operation_with_its_parameters() -> None:
    operations = {
        (method, path): operation
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    }
    declared = {(route.method.lower(), route.path): route for routes in ROUTES.values() for route in routes}
    assert operations.keys() == declared.keys()
    for key, route in declared.items():
        names = [each["name"] for each in operations[key]["parameters"] if each["in"] == "query"]
        assert names == [parameter.name for parameter in route.parameters]
        in_path = [each["name"] for each in operations[key]["parameters"] if each["in"] == "path"]
        assert in_path == re.findall(r"{(\w+)}", route.path)
        schema = operations[key]["responses"]["200"]["content"][route.media]["schema"]
        of_json = {"$ref": f"#/components/schemas/{route.reply.__name__}"}
        assert schema == ({"type": "string"} if route.reply is str else of_json)


def test_parameters_have_their_bounds_and_defaults() -> None:
    search = DOCUMENT["paths"]["/api/mesh/search"]["get"]["parameters"]
    by_name = {each["name"]: each for each in search}
    assert by_name["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 1000, "default": 20}
    assert by_name["tag"]["schema"]["type"] == "array"
    aggregate = DOCUMENT["paths"]["/api/mesh/aggregate"]["get"]["parameters"]
    assert [each["name"] for each in aggregate if each["required"]] == ["service", "operation"]


def test_fields_have_their_units_and_nulls() -> None:
    stats = DOCUMENT["components"]["schemas"]["Stats"]
    assert stats["properties"]["rate"] == {"type": "number", "description": "per second"}
    assert {"type": "null"} in stats["properties"]["p99"]["anyOf"]
    line = DOCUMENT["components"]["schemas"]["TraceLine"]
    assert "matched" not in line["required"]


def test_the_text_is_the_document() -> None:
    assert json.loads(openapi.text()) == json.loads(json.dumps(DOCUMENT))
    assert DOCUMENT["openapi"].startswith("3.1")
