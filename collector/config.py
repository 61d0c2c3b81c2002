"""How the collector is configured; every field is an option and ``SPANMESH_<FIELD>``."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from collector.clickhouse.retention import parse
from proxy.contract.address import split_address
from proxy.contract.settings import Address, Settings

MIB: Final = 1 << 20

Positive = Annotated[int, Field(gt=0)]


def _checked(address: str) -> str:
    if address:
        split_address(address)
    return address


OptionalAddress = Annotated[str, AfterValidator(_checked)]


def _retained(text: str) -> str:
    parse(text)
    return text


Retained = Annotated[str, AfterValidator(_retained)]


class CollectorConfig(Settings):
    """Defaults suit one machine: an engine of its own in a directory, everything on loopback."""

    data: str = "./spanmesh-data"  # directory of the embedded engine
    clickhouse: str = ""  # clickhouse://user:password@host:9000/database instead of the embedded one
    config: str = ""  # mesh.yaml; without one every service is observed
    grpc: Address = "127.0.0.1:4317"  # OTLP and xDS
    http: Address = "127.0.0.1:4318"  # OTLP/HTTP
    query: Address = "127.0.0.1:16686"
    query_grpc: OptionalAddress = ""  # Jaeger's gRPC API, off until given: 127.0.0.1:16685 is Jaeger's own
    zipkin: OptionalAddress = ""  # Zipkin's spans over HTTP, off until given: 127.0.0.1:9411 is Zipkin's own
    cluster: str = ""  # of the server's configuration: tables are replicated and distributed on it
    retention_days: Annotated[int, Field(ge=1, le=3650)] = 3
    retention: Retained = ""  # by signal where it differs: traces=7,metrics=30,logs=3,mesh=30
    name: str = ""  # of this collector, no other's, in what it stores; the host name when empty

    max_request_bytes: Positive = 16 * MIB  # of one export request, decompressed
    max_pending_bytes: Positive = 64 * MIB  # of requests waiting for the disk; more are told to wait
    spool: str = ""  # directory of what is acknowledged and not yet stored; "spool" in data when empty
    spool_bytes: Positive = 1024 * MIB  # it may hold; then senders are told to wait
    aside_bytes: Positive = 64 * MIB  # of requests ClickHouse does not take; then the oldest go
    sync: bool = False  # answer only when the disk itself has the data: outlives a loss of power
    batch_seconds: Annotated[float, Field(ge=0, le=10)] = 1.0  # requests of this long go in one insert
    batch_bytes: Positive = 16 * MIB  # or this many, whichever comes first
