"""Keys and values as Tempo's replies have them: OTLP's AnyValue in JSON. Pure."""

from typing import Any

from collector.query.jaeger.value_types import typed
from collector.query.traceql import names, syntax
from collector.query.traceql.syntax import Type

Json = dict[str, Any]


def attribute(key: str, field: syntax.Expression, text: str) -> Json:
    """The value of a field from its text in the store, under a key."""
    if isinstance(field, syntax.Intrinsic) and names.INTRINSICS[field.name] in (
        Type.STRING,
        Type.STATUS,
        Type.KIND,
    ):
        # The store has statuses and kinds in capitals, queries in lower case. Digits as a name stay a name.
        worded = names.INTRINSICS[field.name] is not Type.STRING
        return text_attribute(key, text.lower() if worded else text)
    value = typed(text)
    if isinstance(value, bool):
        return {"key": key, "value": {"boolValue": value}}
    if isinstance(value, int):
        return {"key": key, "value": {"intValue": text}}
    name = "doubleValue" if isinstance(value, float) else "stringValue"
    return {"key": key, "value": {name: value}}


def text_attribute(key: str, text: str) -> Json:
    """A text under a key."""
    return {"key": key, "value": {"stringValue": text}}


def number_attribute(key: str, number: float) -> Json:
    """A number under a key."""
    return {"key": key, "value": {"doubleValue": number}}
