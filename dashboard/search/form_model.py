"""The search form as a value, converted to a query and back so that form and query line agree. Pure.

A form is one filter, ``{ a && b && … }``. A query that is more than that has no form.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from dashboard.search import traceql_words
from dashboard.search.traceql_words import Token

STATUSES: Final = ("", "error", "ok", "unset")
_SERVICE: Final = "resource.service.name"
_DURATION: Final = re.compile(
    r"(?:(?:[0-9]{1,15}(?:\.[0-9]{1,15})?|\.[0-9]{1,15})(?:ns|us|µs|μs|ms|s|m|h|d))+"
)
_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?(?:[eE][+-]?[0-9]{1,2})?")
_BARE_VALUE: Final = re.compile(r"[^\s\"`=<>!~][^\s\"`]*")
_CONDITION: Final = re.compile(
    r"\s*(?P<key>(?:\"(?:[^\"\\]|\\.)*\"|[^\s\"`=<>!~])+)\s*(?P<op>=~|!~|!=|>=|<=|=|>|<)\s*"
    r"(?P<value>\"(?:[^\"\\]|\\.)*\"(?=\s|$)|[^\s\"`=<>!~][^\s\"`]*(?=\s|$))",
    re.DOTALL,
)


class FormError(ValueError):
    """A field that must be changed; the text says which and how."""


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of the form, all of which must hold for one span.

    ``min`` and ``max`` are durations like ``100ms``; ``attributes`` are conditions like
    ``http.response.status_code>=500 region!=eu``, separated by spaces.
    """

    service: str = ""
    operation: str = ""
    status: str = ""
    min: str = ""
    max: str = ""
    attributes: str = ""


def text(form: Form) -> str:
    """Return the query of a form, empty for an empty form. Raises FormError."""
    said = []
    if form.service:
        said.append(f"{_SERVICE} = {traceql_words.quote(form.service)}")
    if form.operation:
        said.append(f"name = {traceql_words.quote(form.operation)}")
    conditions = list(_conditions(form.attributes))
    status = form.status or ("error" if _FAILED in conditions else "")
    if status:
        said.append(f"status = {status}")
    for label, sign, given in (("At least", ">=", form.min), ("At most", "<=", form.max)):
        if given.strip():
            said.append(f"duration {sign} {_duration(label, given)}")
    said += [f"{field} {op} {value}" for field, op, value in conditions if (field, op, value) != _FAILED]
    return "{ " + " && ".join(said) + " }" if said else ""


# What Jaeger's tags call a failed span.
_FAILED: Final = (".error", "=", "true")


def form(query: str) -> Form | None:
    """Return the form that is equivalent to a query; None where no form can express it."""
    found = traceql_words.tokens(query)
    if not found:
        return Form()
    # Anything but one filter has no form; None is the answer, not an error, as the query may well be right.
    if len(found) < 2 or found[0].text != "{" or found[-1].text != "}":
        return None
    made = Form()
    parts = found[1:-1]
    if len(parts) % 4 != (3 if parts else 0):  # field, sign, value; && between
        return None
    for at in range(0, len(parts), 4):
        field, op, value = parts[at : at + 3]
        if at and parts[at - 1].text != "&&":
            return None
        # None where a field is taken already: the form has one place for each.
        more = _with(made, field, op, value)
        if more is None:
            return None
        made = more
    return made


def with_condition(query: str, service: str, scope: str, key: str, value: str) -> str:
    """Return a query that also asks for a span of ``service`` with the attribute; ``name`` is the span's
    name.
    """
    field = "name" if (scope, key) == ("span", "name") else traceql_words.attribute(scope, key)
    condition = f"{field} = {traceql_words.quote(value)}"
    of_service = f"{_SERVICE} = {traceql_words.quote(service)}"
    filled = form(query)
    if filled is not None and replace(filled, service="") == Form() and filled.service in ("", service):
        return f"{{ {of_service} && {condition} }}"
    # A pipeline or an operator must be in brackets, as ``&&`` would bind to its last part only.
    one = all(token.text != "|" for token in traceql_words.tokens(query)) and filled is not None
    return f"{query.strip() if one else f'({query.strip()})'} && {{ {of_service} && {condition} }}"


def _with(made: Form, field: Token, op: Token, value: Token) -> Form | None:
    """Return the form with one more condition, None when it has no place for it."""
    name, sign = field.text.replace("span:", ""), op.text
    if field.kind != "field" or sign not in traceql_words.COMPARISONS:
        return None
    string = traceql_words.unquote(value.text) if value.kind == "string" else None
    if sign == "=" and string:
        if name == _SERVICE:
            return None if made.service else replace(made, service=string)
        if name == "name":
            return None if made.operation else replace(made, operation=string)
    if name == "status":
        known = sign == "=" and value.text in STATUSES and not made.status
        return replace(made, status=value.text) if known else None
    if name == "duration":
        if not _DURATION.fullmatch(value.text) or sign not in (">=", "<="):
            return None
        if sign == ">=":
            return None if made.min else replace(made, min=value.text)
        return None if made.max else replace(made, max=value.text)
    return _with_attribute(made, field.text, sign, value)


def _with_attribute(made: Form, field: str, sign: str, value: Token) -> Form | None:
    named = traceql_words.attribute_of(field)
    shown = _shown(value)
    # An attribute called error is no failed span, which is what the form's error=true says.
    if named is None or shown is None or (field, sign, value.text) == _FAILED:
        return None
    scope, key = named
    # What comes before the first dot is read as a scope, also nothing: ``.a`` is the key ``a`` of any scope.
    reads_as_scoped = key.partition(".")[0] in ("", *traceql_words.SCOPES)
    plain = re.fullmatch(r"[^\s\"`=<>!~{}()&|^,]+", key) and not reads_as_scoped
    name = key if plain else traceql_words.quote(key)
    told = f"{scope}.{name}{sign}{shown}" if scope else f"{name}{sign}{shown}"
    return replace(made, attributes=f"{made.attributes} {told}".strip())


def _shown(value: Token) -> str | None:
    """Return a value as the form's conditions write it."""
    if value.kind == "string":
        string = traceql_words.unquote(value.text)
        if string is None:
            return None
        plain = _BARE_VALUE.fullmatch(string) and not _literal(string)
        return string if plain else traceql_words.quote(string)
    return value.text if _literal(value.text) else None


def _literal(text: str) -> bool:
    """True if a bare value is a number, true, false or nil; anything else is a text."""
    return text in ("true", "false", "nil") or _NUMBER.fullmatch(text) is not None


def _duration(label: str, given: str) -> str:
    plain = "".join(given.split()).lower()
    if not _DURATION.fullmatch(plain):
        raise FormError(f"{label} is {given.strip()!r}: write a number and a unit, like 250ms, 1.5s or 900us")
    return plain


def _conditions(attributes: str) -> Iterator[tuple[str, str, str]]:
    """Return (field, sign, value) of each condition, as a query writes them. Raises FormError."""
    at = 0
    while attributes[at:].strip():
        found = _CONDITION.match(attributes, at)
        if found is None:
            rest = attributes[at:].strip()
            raise FormError(
                f"Attributes have {rest[:60]!r}: write key=value (or != > >= < <= =~ !~), separated by "
                'spaces, with quotes around a value that has one: key="a value"'
            )
        yield _field(found["key"]), found["op"], _value(found["value"])
        at = found.end()


def _field(key: str) -> str:
    named = traceql_words.attribute_of(
        key if key.partition(".")[0] in ("", *traceql_words.SCOPES) else f".{key}"
    )
    if named is None or re.search(r"[{}()&|^,]", re.sub(r"\"(?:[^\"\\]|\\.)*\"", "", key)):
        raise FormError(f"Attributes have the key {key[:60]!r}: quote a name with such characters")
    return traceql_words.attribute(*named)


def _value(written: str) -> str:
    if written.startswith('"'):
        string = traceql_words.unquote(written)
        if string is None:
            raise FormError(f"Attributes have the value {written[:60]}: write \\\\ for a backslash")
        return traceql_words.quote(string)
    return written if _literal(written) else traceql_words.quote(written)
