"""Conditions on services in the store, from what people write. Pure.

A plain name means the service of that name in whatever namespace: what is stored of it may be older than
its namespace, or come from an application that was given none. A name in full, ``namespace/name``, or
``/name`` for the default namespace, means that service alone.
"""

from collections.abc import Sequence
from typing import Final

from collector.query.sql import Sql
from proxy.contract.attributes import UNKNOWN_SERVICE
from proxy.contract.service_id import ServiceId

# The service of a span or a log record, as tables of our own keep it (sql/023_mesh_operations_mv.sql).
_ID: Final = (
    "multiIf(ResourceAttributes['service.namespace'] != '',"
    " concat(ResourceAttributes['service.namespace'], '/', ServiceName),"
    " position(ServiceName, '/') > 0, concat('/', ServiceName), toString(ServiceName))"
)
_FULL: Final = Sql(f"ServiceName IN {{service_names:Array(String)}} AND {_ID} IN {{services:Array(String)}}")


def is_plain(text: str) -> bool:
    """True if a text is a name without a namespace."""
    return "/" not in text


def of_spans(text: str) -> Sql:
    """Return the condition on otel_traces or otel_logs, where name and namespace are apart."""
    if text == UNKNOWN_SERVICE:
        # Rows of older versions have no name where the sender gave none.
        return Sql("ServiceName IN ({service:String}, '')", {"service": text})
    if is_plain(text):
        return Sql("ServiceName = {service:String}", {"service": text})
    # "a/b" may be service b in namespace a, or a service called "a/b" without a namespace.
    services = _readings(text)
    # By the name first, for the primary key.
    return _FULL.bind(service_names=sorted({each.name for each in services}), services=services)


def of_spans_by_text(texts: Sequence[str]) -> tuple[Sql, Sql]:
    """Return the condition on spans of any of these services, and the text of these that a span's is."""
    names = sorted({each.name for text in texts for each in _readings(text)})
    plain, full = [text for text in texts if is_plain(text)], [text for text in texts if not is_plain(text)]
    parameters = {"service_names": names, "plain_services": plain, "full_services": full}
    is_one = "has({plain_services:Array(String)}, toString(ServiceName))"
    is_full = f"has({{full_services:Array(String)}}, {_ID})"
    either = f"ServiceName IN {{service_names:Array(String)}} AND ({is_one} OR {is_full})"
    # One that is asked for in full and by its name is counted in full.
    text = f"if({is_full}, {_ID}, toString(ServiceName))"
    return Sql(either, parameters), Sql(text, parameters)


def of_ids(column: str, text: str) -> Sql:
    """Return the condition on a column, or an SQL expression, that holds services in full."""
    if is_plain(text):
        either = f"({column} = {{service:String}} OR endsWith({column}, {{service_end:String}}))"
        return Sql(either, {"service": text, "service_end": f"/{text}"})
    return Sql(f"{column} IN {{services:Array(String)}}", {"services": _readings(text)})


def _readings(text: str) -> list[ServiceId]:
    # A text with a slash may also be a name in the default namespace that has one.
    return sorted({ServiceId.parse(text), ServiceId.of("", text.removeprefix("/"))})
