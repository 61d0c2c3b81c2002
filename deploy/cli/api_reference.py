"""The tables of docs/api.md, made from the declared routes (``make docs``), and the OpenAPI document.

In docs/api.md a block begins with ``<!-- api: NAME -->`` and ends with ``<!-- /api -->``; the lines between
are generated. NAME is ``routes GROUP``, ``parameters METHOD PATH`` or ``types``.
"""

import re
import sys
from typing import Annotated, Any, Final, NotRequired, Required, get_args, get_origin, get_type_hints

from pydantic.fields import FieldInfo
from typing_extensions import is_typeddict

from proxy.contract.api import openapi
from proxy.contract.api.graph import Stats
from proxy.contract.api.parameters import Choice, Parameter, Whole
from proxy.contract.api.route import Route
from proxy.contract.api.routes import ROUTES

_BLOCK: Final = re.compile(r"(<!-- api: ([^\n]+?) -->\n).*?(<!-- /api -->)", re.DOTALL)


def fill(text: str) -> str:
    """Return a document with its blocks made anew. Raises KeyError for a block that names nothing known."""
    return _BLOCK.sub(lambda block: block[1] + _content(block[2]) + block[3], text)


def _content(name: str) -> str:
    if name == "types":
        return _types()
    kind, _, of = name.partition(" ")
    if kind == "routes":
        return _routes(ROUTES[of])
    if kind != "parameters":
        raise KeyError(name)
    return _parameters(
        next(route for each in ROUTES.values() for route in each if f"{route.method} {route.path}" == of)
    )


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _routes(routes: tuple[Route[Any], ...]) -> str:
    return _table(
        ("route", "answers", "type"),
        [(f"`{route.method} {route.path}`", route.summary, _reply(route)) for route in routes],
    )


def _reply(route: Route[Any]) -> str:
    return "text" if route.reply is str else f"[{route.reply.__name__}](#types)"


def _parameters(route: Route[Any]) -> str:
    return _table(
        ("parameter", "takes", "default", "meaning"),
        [
            (f"`{each.name}`", _takes(each), _default(each), each.meaning + (", repeated" * each.repeated))
            for each in route.parameters
        ],
    )


def _takes(parameter: Parameter[Any]) -> str:
    if isinstance(parameter, Choice):
        return ", ".join(f"`{choice}`" for choice in parameter.choices)
    if isinstance(parameter, Whole):
        return f"{parameter.low} to {parameter.high}"
    return parameter.kind


def _default(parameter: Parameter[Any]) -> str:
    if parameter.required:
        return "required"
    return parameter.absent or (f"`{parameter.default}`" if parameter.default not in (None, "") else "")


def _types() -> str:
    found: dict[str, Any] = {}
    for routes in ROUTES.values():
        for route in routes:
            _collect(route.reply, found)
            _collect(route.body, found)
    return "\n".join(_type(found[name]) for name in sorted(found))


def _collect(annotation: Any, found: dict[str, Any]) -> None:
    """Add every typed dictionary in an annotation to ``found``, by name."""
    if is_typeddict(annotation):
        if annotation.__name__ not in found:
            found[annotation.__name__] = annotation
            for each in get_type_hints(annotation, include_extras=True).values():
                _collect(each, found)
        return
    for each in get_args(annotation):
        _collect(each, found)


def _type(cls: Any) -> str:
    meaning = " ".join((cls.__doc__ or "").split()).replace("``", "`")
    hints, shared = get_type_hints(cls, include_extras=True), get_type_hints(Stats)
    fields = []
    if cls is not Stats and shared.keys() <= hints.keys():
        hints = {name: hint for name, hint in hints.items() if name not in shared}
        fields.append("those of Stats")
    fields += [f"`{name}` {_shown(hint)}" for name, hint in hints.items()]
    return f"**{cls.__name__}**: {meaning}\n{', '.join(fields)}\n"


def _shown(hint: Any) -> str:
    """Return an annotation in words: its JSON type, or the name of its type, and its unit."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is NotRequired:
        return f"{_shown(arguments[0])}, may be absent"
    if origin is Required:
        return _shown(arguments[0])
    if origin is Annotated:
        units = [
            each.description for each in arguments[1:] if isinstance(each, FieldInfo) and each.description
        ]
        return " ".join([_shown(arguments[0]), *(f"({unit})" for unit in units)])
    if origin is list:
        return f"[{_shown(arguments[0])}]"
    if origin is dict:
        return f"object of {_shown(arguments[1])}"
    if arguments:
        return " or ".join(map(_shown, arguments))
    names = {int: "int", float: "float", str: "text", bool: "bool", type(None): "null", Any: "any"}
    return names[hint] if hint in names else str(hint.__name__)


if __name__ == "__main__":
    if sys.argv[1:] == ["openapi"]:
        sys.stdout.write(openapi.text())
    else:
        sys.stdout.write(fill(sys.stdin.read()))
