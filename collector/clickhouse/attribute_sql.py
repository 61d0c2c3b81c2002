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
_TEXT: Final = (
    # Strings first as most values are.
    "multiIf(isNotNull(p.value.string_value), assumeNotNull(p.value.string_value),"
    " isNotNull(p.value.int_value), toString(assumeNotNull(p.value.int_value)),"
    " isNotNull(p.value.bool_value), if(assumeNotNull(p.value.bool_value), 'true', 'false'),"
    " isNotNull(p.value.double_value), toString(assumeNotNull(p.value.double_value)), '')"
)
# Numbers rather than words until the strings are filtered out: half the cost.
_TYPE: Final = (
    f"multiIf(p.value.stored_type != 0, p.value.stored_type, isNotNull(p.value.string_value), 0,"
    f" isNotNull(p.value.int_value), {TYPES.index('int')},"
    f" isNotNull(p.value.bool_value), {TYPES.index('bool')},"
    f" isNotNull(p.value.double_value), {TYPES.index('double')}, {TYPES.index('none')})"
)


def unique(pairs: str) -> str:
    """Return the expression for pairs without those whose key comes again."""
    # ``if`` first: no request of a usual SDK has such keys, and to look for them costs much more.
    return (
        f"if(arrayUniq({pairs}.key) = length({pairs}), {pairs}, arrayFilter((p, i) ->"
        f" i = length({pairs}) + 1 - indexOf(arrayReverse({pairs}.key), p.key),"
        f" {pairs}, arrayEnumerate({pairs})))"
    )


def attribute_map(pairs: str) -> str:
    """Return the expression for the texts of ``pairs`` by key."""
    return f"CAST(({pairs}.key, arrayMap(p -> {_TEXT}, {pairs})), 'Map(LowCardinality(String), String)')"


def types(scope: str, pairs: str) -> str:
    """Return the expression for a JSON list of the types of ``pairs`` that are no strings."""
    numbers = f"arrayMap(p -> {_TYPE}, {pairs})"
    others = f"arrayFilter((k, t) -> t != 0, {pairs}.key, {numbers}), arrayFilter(t -> t != 0, {numbers})"
    return f"toJSONString(arrayMap((k, t) -> concat('{scope} ', {list(TYPES)}[t + 1], ' ', k), {others}))"


def number_member(name: str, value: str) -> str:
    """Return the expression for a further member of a JSON object, a number; empty for 0."""
    return f"""if({value} = 0, '', concat(',"{name}":', toString({value})))"""


def text_member(name: str, value: str) -> str:
    """Return the expression for a further member of a JSON object, a text; empty for an empty one."""
    return f"""if({value} = '', '', concat(',"{name}":', toJSONString({value})))"""
