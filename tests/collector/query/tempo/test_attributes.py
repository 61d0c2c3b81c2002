"""Values of fields as OTLP's JSON has them."""

from typing import Any

import pytest

from collector.query.tempo.attributes import attribute, number_attribute, text_attribute
from collector.query.traceql.language import syntax
from collector.query.traceql.language.syntax import Attribute, Intrinsic, Scope


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        (Attribute(Scope.SPAN, "k"), "500", {"intValue": "500"}),
        (Attribute(Scope.SPAN, "k"), "true", {"boolValue": True}),
        (Attribute(Scope.SPAN, "k"), "1.5", {"doubleValue": 1.5}),
        (Attribute(Scope.SPAN, "k"), "x", {"stringValue": "x"}),
        (Intrinsic("span:name"), "500", {"stringValue": "500"}),
        (Intrinsic("span:status"), "Error", {"stringValue": "error"}),
        (Intrinsic("span:kind"), "Server", {"stringValue": "server"}),
        (Intrinsic("nestedSetParent"), "-1", {"intValue": "-1"}),
        (Intrinsic("span:duration"), "1000", {"intValue": "1000"}),
    ],
)
def test_a_value_has_the_type_of_its_field(field: syntax.Field, text: str, value: dict[str, Any]) -> None:
    assert attribute("k", field, text) == {"key": "k", "value": value}


def test_texts_and_numbers_of_ours() -> None:
    assert text_attribute("k", "1") == {"key": "k", "value": {"stringValue": "1"}}
    assert number_attribute("p", 0.9) == {"key": "p", "value": {"doubleValue": 0.9}}
