"""SQL expressions that make columns of OTLP attributes, for ``collector.clickhouse.spans``. Pure.

A value becomes a text in a map, and its type, unless it is a string, a text ``"SCOPE TYPE KEY"`` in a JSON
list (``types``), where a search finds it by its place between quotes (``collector.query.attribute_types``).
Of a key that comes twice the last value counts, as everywhere in the collector.
"""

from typing import Final

from collector.otlp.stored_values import TYPES

# Nullable, as the empty text, 0 and false are values. ``stored_type`` is the type of what has become text
# before ClickHouse parses it (collector.otlp.nested_attributes), as its index in TYPES.
_VALUE: Final = (
    "Tuple(string_value Nullable(String), bool_value Nullable(Bool), int_value Nullable(Int64),"
    " double_value Nullable(Float64), stored_type UInt8)"
)
PAIRS: Final = f"Array(Tuple(key String, value {_VALUE}))"
# Every function of the statement costs each insert 0.1 to 0.3 ms of analysis, so that few are better than
# ``multiIf`` over seven conditions, which also was slower for each span.
_TEXT: Final = (
    "coalesce(p.value.string_value, toString(p.value.int_value), toString(p.value.bool_value),"
    " toString(p.value.double_value), '')"
)
# As an index in TYPES; none of these is a string.
_TYPE: Final = (
    f"multiIf(p.value.stored_type != 0, p.value.stored_type,"
    f" isNotNull(p.value.int_value), {TYPES.index('int')},"
    f" isNotNull(p.value.bool_value), {TYPES.index('bool')},"
    f" isNotNull(p.value.double_value), {TYPES.index('double')}, {TYPES.index('none')})"
)
_IS_STRING: Final = "isNotNull(p.value.string_value) AND p.value.stored_type = 0"


def unique(pairs: str) -> str:
    """Return the expression for pairs without those whose key comes again."""
    return (
        f"arrayFilter((p, i) -> i = length({pairs}) + 1 - indexOf(arrayReverse({pairs}.key), p.key),"
        f" {pairs}, arrayEnumerate({pairs}))"
    )


def repeats_key(pairs: str) -> str:
    """Return the condition that two of ``pairs`` have one key."""
    return f"arrayUniq({pairs}.key) != length({pairs})"


def attribute_map(pairs: str) -> str:
    """Return the expression for the texts of ``pairs`` by key."""
    return f"CAST(({pairs}.key, arrayMap(p -> {_TEXT}, {pairs})), 'Map(LowCardinality(String), String)')"


def types(scope: str, pairs: str) -> str:
    """Return the expression for a JSON list of the types of ``pairs`` that are no strings."""
    others = f"arrayFilter(p -> NOT ({_IS_STRING}), {pairs})"
    return (
        f"toJSONString(arrayMap(p -> concat('{scope} ', {list(TYPES)}[{_TYPE} + 1], ' ', p.key), {others}))"
    )


def number_member(name: str, value: str) -> str:
    """Return the expression for a further member of a JSON object, a number; empty for 0."""
    return f"""if({value} = 0, '', concat(',"{name}":', toString({value})))"""


def text_member(name: str, value: str) -> str:
    """Return the expression for a further member of a JSON object, a text; empty for an empty one."""
    return f"""if({value} = '', '', concat(',"{name}":', toJSONString({value})))"""
