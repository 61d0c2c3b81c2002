"""Keys and values as Tempo's replies have them: OTLP's AnyValue in JSON. Pure."""

from collector.otlp import stored_values
from collector.otlp.stored_values import Json
from collector.query.traceql.language import names, syntax
from collector.query.traceql.language.syntax import Type


def attribute(key: str, field: syntax.Expression, text: str, kind: str = "?") -> Json:
    """Return the value of a field from its text and type in the store, under a key; '?': by the text."""
    if isinstance(field, syntax.Intrinsic) and names.INTRINSICS[field.name] in (
        Type.STRING,
        Type.STATUS,
        Type.KIND,
    ):
        # The store has statuses and kinds in capitals, queries in lower case. Digits as a name stay a name.
        worded = names.INTRINSICS[field.name] is not Type.STRING
        return text_attribute(key, text.lower() if worded else text)
    return {"key": key, "value": stored_values.decode(text, None if kind == "?" else kind)}


def text_attribute(key: str, text: str) -> Json:
    """Return a text under a key."""
    return {"key": key, "value": {"stringValue": text}}


def number_attribute(key: str, number: float) -> Json:
    """Return a number under a key."""
    return {"key": key, "value": {"doubleValue": number}}
