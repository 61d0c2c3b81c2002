"""The JSON of the column OtlpFields: types of attributes, and fields of OTLP that no other column holds.
Pure.

The SQL that makes it is in ``collector.clickhouse.spans``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from collector.otlp import stored_values
from collector.otlp.stored_values import Json

_LISTS: Final = ("types", "resourceTypes", "scopeTypes")


@dataclass(frozen=True)
class OtlpFields:
    """The fields of a span, an event or a link beside its columns.

    ``types`` are those of attributes by (scope, key), strings left out; None where they are not known, as of
    what was stored before types were, or by another writer. ``values`` are fields by their names in
    OTLP/JSON.
    """

    types: Mapping[tuple[str, str], str] | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    def attributes(self, scope: str, texts: Mapping[str, str]) -> list[Json]:
        """Return attributes in OTLP/JSON, by name."""
        return [{"key": key, "value": self.value(scope, key, text)} for key, text in sorted(texts.items())]

    def value(self, scope: str, key: str, text: str) -> Json:
        """Return the value of one attribute in OTLP/JSON."""
        return stored_values.decode(text, None if self.types is None else self.types.get((scope, key), ""))

    def part(self, scope: str) -> str:
        """Return what belongs to the resource or the scope, as a text that is equal for equal ones."""
        types = sorted(each for each in (self.types or {}).items() if each[0][0] == scope)
        values = {key: value for key, value in self.values.items() if key.startswith(scope)}
        return json.dumps([types, values], sort_keys=True)


@lru_cache(maxsize=4096)  # few of these texts differ
def parse(text: str) -> OtlpFields:
    """Parse the column; what is not understood counts as not known."""
    try:
        document = json.loads(text) if text else None
        if not isinstance(document, dict):
            return OtlpFields()
        types = {}
        for each in (each for name in _LISTS for each in document.pop(name, ())):
            scope, kind, key = each.split(" ", 2)
            types[scope, key] = kind
    except (AttributeError, TypeError, ValueError):
        return OtlpFields()
    return OtlpFields(types, document)
