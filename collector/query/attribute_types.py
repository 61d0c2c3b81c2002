"""SQL on the types of stored attributes, which are in the column OtlpFields of a span, an event or a link.
Pure.

Source of the column: ``collector.clickhouse.attribute_sql``. It is searched as text, on its few different
values rather than on every row: JSON functions would parse it for each. A span whose types are not known (an
older one, or another writer's) has an empty text: then every value that reads like the wanted type is of it.
"""

from collections.abc import Sequence
from typing import Final

NUMBERS: Final = ("int", "double")
FLAGS: Final = ("bool",)
LISTS: Final = ("array",)
# Every type but a string.
OTHERS: Final = ("int", "bool", "double", "none", "bytes", "array", "map", "otlp")


def of_types(column: str, scope: str, types: Sequence[str], key: str) -> str:
    """Return SQL that is 1 where the attribute is of one of these types; ``key`` is SQL of its name."""
    # Only a whole entry matches: a quote inside of a key is escaped, also one behind a comma or a bracket.
    # The list is of constants, so that it is made once; short, as generated queries have hundreds of
    # conditions.
    starts = [f'{before}"{scope} {kind} ' for kind in types for before in "[,"]
    return f"multiSearchAny({column}, arrayMap(p -> concat(p, substring(toJSONString({key}), 2)), {starts}))"


def is_number(column: str, scope: str, key: str) -> str:
    """Return SQL that is 1 where the attribute may be a number."""
    return f"({column} = '' OR {of_types(column, scope, NUMBERS, key)})"


def is_flag(column: str, scope: str, key: str) -> str:
    """Return SQL that is 1 where the attribute may be true or false."""
    return f"({column} = '' OR {of_types(column, scope, FLAGS, key)})"


def is_string(column: str, scope: str, key: str) -> str:
    """Return SQL that is 1 where the attribute may be a string."""
    return f"NOT {of_types(column, scope, OTHERS, key)}"


def type_of(column: str, scope: str, key: str) -> str:
    """Return the type of an attribute in the words of ``collector.otlp.stored_values``; '?' where it is not
    known."""
    cases = ", ".join(f"{of_types(column, scope, (kind,), key)}, '{kind}'" for kind in OTHERS)
    return f"multiIf({column} = '', '?', {cases}, '')"
