"""The settings of the collector: where it stores, where it listens, how much it holds."""

from dataclasses import dataclass
from typing import Annotated, Final

from collector.clickhouse.retention import parse
from proxy.contract.address import check_address, check_address_or_off
from proxy.contract.option import Option

MIB: Final = 1 << 20

_LISTENERS: Final = "Listeners"
_INGEST: Final = "Ingest: memory, spool and inserts"


def _check_retention(text: str) -> str:
    parse(text)
    return text


def _listener(text: str) -> Option:
    return Option(help=text, group=_LISTENERS, unit="HOST:PORT", check=check_address)


def _listener_or_off(text: str) -> Option:
    return Option(help=text, group=_LISTENERS, unit="HOST:PORT", check=check_address_or_off)


def _bytes(text: str) -> Option:
    return Option(help=text, group=_INGEST, unit="BYTES", above=0)


@dataclass(frozen=True, kw_only=True)
class CollectorConfig:
    """Defaults suit one machine: an engine of its own in a directory, everything on loopback."""

    data: Annotated[
        str, Option(help="directory of the embedded ClickHouse and of the spool", unit="DIRECTORY")
    ] = "./spanmesh-data"
    clickhouse: Annotated[
        str,
        Option(help="clickhouse://user:password@host:9000/database in place of the embedded one", unit="URL"),
    ] = ""
    cluster: Annotated[
        str,
        Option(help="cluster of that server to replicate and distribute the tables on", unit="NAME"),
    ] = ""
    config: Annotated[
        str,
        Option(
            help="mesh.yaml, reloaded when it changes; without one every service is observed", unit="FILE"
        ),
    ] = ""
    retention_days: Annotated[
        int, Option(help="how long to keep stored data", unit="DAYS", least=1, most=3650)
    ] = 3
    retention: Annotated[
        str,
        Option(
            help="days by signal where they differ: traces=7,metrics=30,logs=3,mesh=30",
            unit="SIGNAL=DAYS,…",
            check=_check_retention,
        ),
    ] = ""
    # Part of every row about the mesh: a collector skips rows under its own name, so two with one name
    # would ignore each other.
    name: Annotated[
        str, Option(help="unique name of this collector; the host's name when empty", unit="NAME")
    ] = ""

    grpc: Annotated[str, _listener("OTLP over gRPC, and xDS")] = "127.0.0.1:4317"
    http: Annotated[str, _listener("OTLP over HTTP")] = "127.0.0.1:4318"
    query: Annotated[str, _listener("query API")] = "127.0.0.1:16686"
    # Off until given: 127.0.0.1:16685 and 127.0.0.1:9411 are Jaeger's and Zipkin's own.
    query_grpc: Annotated[
        str, _listener_or_off("Jaeger's query API over gRPC, for example 127.0.0.1:16685; off when empty")
    ] = ""
    zipkin: Annotated[
        str, _listener_or_off("Zipkin's spans over HTTP, for example 127.0.0.1:9411; off when empty")
    ] = ""

    max_request_bytes: Annotated[int, _bytes("largest export request, decompressed")] = 16 * MIB
    max_pending_bytes: Annotated[
        int, _bytes("most bytes of requests waiting for the disk; further senders are asked to retry")
    ] = 64 * MIB
    spool: Annotated[
        str,
        Option(
            help="directory of requests acknowledged and not yet stored; 'spool' in --data when empty",
            group=_INGEST,
            unit="DIRECTORY",
        ),
    ] = ""
    spool_bytes: Annotated[int, _bytes("most bytes in the spool; beyond it senders are asked to retry")] = (
        1024 * MIB
    )
    aside_bytes: Annotated[
        int, _bytes("most bytes of rejected requests kept in files; beyond it the oldest are deleted")
    ] = 64 * MIB
    sync: Annotated[
        bool,
        Option(
            help="answer only after fsync, so that acknowledged data outlives a loss of power", group=_INGEST
        ),
    ] = False
    batch_seconds: Annotated[
        float,
        Option(
            help="time within which requests are collected into one insert",
            group=_INGEST,
            unit="SECONDS",
            least=0,
            most=10,
        ),
    ] = 1.0
    batch_bytes: Annotated[
        int, _bytes("bytes of requests collected into one insert, if that comes first")
    ] = 16 * MIB
