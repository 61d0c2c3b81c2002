"""SQL with its parameters as one value, put together from named fragments. Pure.

Text is ours and values are parameters: ``{name:Type}`` is a parameter, which the server puts in (ClickHouse,
"Queries with parameters"), ``{name}`` a fragment, which ``fill`` puts in here. The two cannot be taken for
each other, so no brace is ever doubled, and a value that a user sent has no way into the text.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

_FRAGMENT: Final = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL and the parameters it names; of a template, those of it that are bound so far."""

    text: str
    parameters: Mapping[str, object] = field(default_factory=dict)

    def __add__(self, other: "Sql") -> "Sql":
        """Return both, one after the other."""
        return Sql(self.text + other.text, _merged((self.parameters, other.parameters)))

    def bind(self, **values: object) -> "Sql":
        """Return this with further parameters."""
        return Sql(self.text, _merged((self.parameters, values)))

    def fill(self, **fragments: "Sql | str") -> "Sql":
        """Return the template with a fragment in place of each ``{name}``; plain text is SQL of ours.

        Raises KeyError for a place that is not filled, or a fragment that has no place.
        """
        parts = {name: Sql(part) if isinstance(part, str) else part for name, part in fragments.items()}
        if unknown := parts.keys() - set(_FRAGMENT.findall(self.text)):
            raise KeyError(*sorted(unknown))
        text = _FRAGMENT.sub(lambda found: parts[found[1]].text, self.text)
        return Sql(text, _merged((self.parameters, *(part.parameters for part in parts.values()))))


def join(separator: str, parts: Iterable[Sql]) -> Sql:
    """Return the parts with ``separator`` between them."""
    all_parts = tuple(parts)
    text = separator.join(part.text for part in all_parts)
    return Sql(text, _merged(part.parameters for part in all_parts))


def _merged(all_parameters: Iterable[Mapping[str, object]]) -> dict[str, object]:
    """Parameters of all fragments. ValueError where two give one name different values: the server knows
    one value for a name, so the fragment that came first would silently ask for something else."""
    merged: dict[str, object] = {}
    for parameters in all_parameters:
        for name, value in parameters.items():
            if name in merged and merged[name] != value:
                raise ValueError(f"two fragments bind {name}: {merged[name]!r} and {value!r}")
            merged[name] = value
    return merged
