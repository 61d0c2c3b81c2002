"""Fields as SQL: every field of the language has columns, and the store takes them."""

import pytest

from collector.query.traceql import fields
from collector.query.traceql.language import names
from collector.query.traceql.language.syntax import Attribute, Scope, Type
from tests.collector.query.world import World


def test_every_intrinsic_has_its_columns() -> None:
    numbers = {name for name, kind in names.INTRINSICS.items() if kind is Type.DURATION}
    assert fields.NUMBER.keys() == numbers
    assert names.INTRINSICS.keys() - fields.TEXT.keys() == set(names.STRUCTURAL)


def test_an_attribute_of_any_scope_is_that_of_the_span_before_its_resource() -> None:
    assert fields.scopes(Attribute(Scope.ANY, "k")) == (Scope.SPAN, Scope.RESOURCE)
    assert fields.scopes(Attribute(Scope.EVENT, "k")) == (Scope.EVENT,)


def test_the_service_is_read_from_its_column() -> None:
    service = Attribute(Scope.RESOURCE, "service.name")
    assert fields.read(Scope.RESOURCE, service, "{k:String}") == "ServiceName"
    assert fields.has(Scope.RESOURCE, service, "{k:String}") == "ServiceName != ''"
    assert fields.read(Scope.SPAN, service, "{k:String}") == "SpanAttributes[{k:String}]"


@pytest.mark.parametrize(
    "name", [name for name in fields.TEXT if name.split(":")[0] in ("span", "instrumentation")]
)
def test_the_store_has_the_columns_of_a_span(world: World, name: str) -> None:
    assert world.database.query(f"SELECT {fields.TEXT[name]} FROM otel_traces") == []


@pytest.mark.parametrize(
    ("kind", "name"), [("event", "event:name"), ("link", "link:traceID"), ("link", "link:spanID")]
)
def test_the_store_has_the_arrays_of_events_and_links(world: World, kind: str, name: str) -> None:
    arguments, columns = fields.LAMBDAS[kind]
    said = f"{fields.TEXT[name]} = '' OR {kind}_attributes['k'] = ''"
    sql = f"SELECT arrayExists({arguments} -> {said}, {columns})"
    assert world.database.query(f"{sql} FROM otel_traces") == []


def test_the_store_has_the_summaries_of_traces(world: World) -> None:
    columns = ", ".join(
        fields.TEXT[name] for name in ("trace:duration", "trace:rootName", "trace:rootService")
    )
    window = {"ql_start": 0, "ql_end": 1}
    assert world.database.query(f"SELECT {columns} FROM ({fields.SUMMARIES})", window) == []
    assert world.database.query(fields.PARENTS, window) == []
