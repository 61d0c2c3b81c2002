"""Our API as an OpenAPI 3.1 document, made from the declared routes. Pure.

Source: OpenAPI Specification 3.1, whose schemas are JSON Schema 2020-12, which is what pydantic gives.
"""

import json
import re
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode
from typing_extensions import TypedDict

from proxy.contract.api.parameters import Parameter
from proxy.contract.api.route import Route
from proxy.contract.api.routes import ROUTES

PATH: Final = "/api/openapi.json"
_ERRORS: Final = {
    "400": "a value is not what its key takes",
    "404": "what was named is not known",
    "503": "the store or the collector cannot answer now; Retry-After says when to try again",
}
_REF: Final = "#/components/schemas/{model}"


class Error(TypedDict):
    """One error: its status, and a message that names key, value and fix."""

    code: int
    msg: str


class Failure(TypedDict):
    """The reply of every request that failed. An error in a TraceQL query has ``error`` beside it, with the
    ``column`` from 1 and the ``length`` of what is wrong."""

    data: None
    total: int
    limit: int
    offset: int
    errors: list[Error]


def document() -> dict[str, Any]:
    """Return the document, as JSON has it."""
    bodies = [route for routes in ROUTES.values() for route in routes if route.body]
    adapters: list[tuple[Any, JsonSchemaMode, TypeAdapter[Any]]] = [
        (("reply", route.method, route.path), "serialization", route.adapter)
        for routes in ROUTES.values()
        for route in routes
    ]
    adapters += [
        (("body", route.method, route.path), "serialization", TypeAdapter(route.body)) for route in bodies
    ]
    adapters.append((("failure", "", ""), "serialization", TypeAdapter(Failure)))
    schemas, definitions = TypeAdapter.json_schemas(adapters, ref_template=_REF)
    by_key = {key: schema for (key, _), schema in schemas.items()}
    paths: dict[str, dict[str, Any]] = {}
    for tag, routes in ROUTES.items():
        for route in routes:
            paths.setdefault(route.path, {})[route.method.lower()] = _operation(tag, route, by_key)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "spanmesh query API",
            "version": "1",
            "description": "Jaeger's and Tempo's routes are served beside these and documented by them.",
        },
        "paths": paths,
        "components": {
            "schemas": _untitled(definitions["$defs"]),
            "responses": {
                status: _content(why, by_key["failure", "", ""]) for status, why in _ERRORS.items()
            },
        },
    }


def text() -> str:
    """Return the document as it is committed: a line for each path and schema, so that a change is seen."""
    parts = document()
    lines = [f"{_line(key)}: {_line(parts[key])}," for key in ("openapi", "info")]
    for name, section in (("paths", parts["paths"]), *parts["components"].items()):
        content = ",\n".join(f"  {_line(key)}: {_line(value)}" for key, value in section.items())
        lines.append(f"{_line(name)}: {{\n{content}\n}}")
    *head, paths, schemas, responses = lines
    body = "\n".join([*head, f"{paths},", f'"components": {{{schemas},', f"{responses}}}"])
    return f"{{{body}}}\n"


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _untitled(schema: Any) -> Any:
    """Return the schema without the titles that pydantic makes of names: they say nothing further."""
    if isinstance(schema, dict):
        return {
            key: _untitled(value)
            for key, value in schema.items()
            if not (key == "title" and isinstance(value, str))
        }
    return [_untitled(each) for each in schema] if isinstance(schema, list) else schema


def _operation(tag: str, route: Route[Any], schemas: dict[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "tags": [tag],
        "summary": route.summary,
        "parameters": [
            *map(_in_path, re.findall(r"\{(\w+)\}", route.path)),
            *map(_in_query, route.parameters),
        ],
        "responses": {
            "200": _content(route.summary, schemas["reply", route.method, route.path], route.media),
            **{status: {"$ref": f"#/components/responses/{status}"} for status in _ERRORS},
        },
    }
    if route.body:
        body = _content("", schemas["body", route.method, route.path])
        operation["requestBody"] = {"required": True, "content": body["content"]}
    return operation


def _content(description: str, schema: Any, media: str = "application/json") -> dict[str, Any]:
    """OpenAPI 3.1 has no streams: the schema of one is that of the data of each event."""
    return {"description": description, "content": {media: {"schema": schema}}}


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _in_query(parameter: Parameter[Any]) -> dict[str, Any]:
    schema = parameter.schema()
    if parameter.default not in (None, "") and not parameter.absent and not parameter.required:
        schema |= {"default": parameter.default}
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": parameter.meaning + (f"; without it {parameter.absent}" if parameter.absent else ""),
        "schema": {"type": "array", "items": schema} if parameter.repeated else schema,
    }
