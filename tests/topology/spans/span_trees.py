"""Spans of traces, and traces of calls with the edges that they make.

The cases are what other systems check: Zipkin's DependencyLinkerTest, Jaeger's dependencies, Tempo's service
graphs; and what public reports of faults show. Each is (spans, edges with their number of calls).
"""

from collections.abc import Mapping
from types import MappingProxyType

from proxy.contract.service_id import ServiceId
from topology.model.samples import SpanFact
from topology.spans.span_edges import Alias, Measured, PairingResult

NONE, INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = range(6)
TRACE = b"t" * 16


def span(
    span_id: str,
    parent: str,
    service: str,
    kind: int,
    *,
    sidecar: bool = False,
    failed: bool = False,
    duration: float = 0.1,
    also: Mapping[str, str] = MappingProxyType({}),
    **said: str,
) -> SpanFact:
    attributes = {key.replace("__", "."): value for key, value in {**also, **said}.items()}
    return SpanFact(
        TRACE,
        span_id.encode(),
        parent.encode(),
        ServiceId(service),
        kind,
        duration,
        failed,
        sidecar,
        attributes,
    )


def edge(found: PairingResult) -> tuple[str, ...]:
    if isinstance(found, Alias):
        return ("alias", found.address, found.service)
    if isinstance(found, Measured):
        return ("measured", found.target, "")
    return (found.source, found.target, found.protocol)


SDK_CALL = (span("1", "", "web", SERVER), span("2", "1", "web", CLIENT), span("3", "2", "api", SERVER))
TWO_SIDECARS = (
    span("2", "1", "web", CLIENT, sidecar=True, peer__service="api"),
    span("3", "2", "api", SERVER, sidecar=True, spanmesh__caller="web"),
)
APP_AND_SIDECARS = (
    span("1", "0", "web", CLIENT, server__address="api"),
    span("2", "1", "web", CLIENT, sidecar=True, peer__service="api"),
    span("3", "2", "api", SERVER, sidecar=True, spanmesh__caller="web"),
    span("4", "3", "api", SERVER),
)
INTO_THE_MESH = (
    span("2", "1", "web", CLIENT, server__address="api"),
    span("3", "2", "api", SERVER, sidecar=True),
)
OUT_OF_THE_MESH = (
    span("2", "1", "web", CLIENT, sidecar=True, peer__service="10.0.0.5:80"),
    span("3", "2", "legacy", SERVER),
)
NEWLY_IN_THE_MESH = (
    span("2", "1", "web", CLIENT, sidecar=True, peer__service="10.0.0.5:80"),
    span("3", "2", "api", SERVER, sidecar=True),
)
NESTED = (
    span("1", "0", "web", CLIENT, server__address="api"),
    span("2", "1", "web", CLIENT, server__address="api"),
    span("3", "2", "api", SERVER),
)
DATABASE = (span("9", "3", "api", CLIENT, db__system__name="postgresql", db__namespace="shop"),)
NESTED_DATABASE = (
    span("1", "0", "api", CLIENT, db__system="mysql", db__name="shop"),
    span("2", "1", "api", CLIENT, db__system="mysql", db__name="shop"),
)

HTTP, DB, MQ = "http", "database", "messaging"
SHOP = {"db__system": "mysql", "db__name": "shop"}
WEB_API = ("web", "api", HTTP)
QUEUE_USED = {"messaging__system": "kafka", "messaging__operation": "process"}
Expected = dict[tuple[str, str, str], int]
CALLS: dict[str, tuple[tuple[SpanFact, ...], Expected]] = {
    # The caller's span and the callee's, and spans between them.
    "sdk": (SDK_CALL, {("user", "web", HTTP): 1, WEB_API: 1}),
    "step below the client": (
        (span("1", "0", "web", CLIENT), span("2", "1", "web", INTERNAL), span("3", "2", "api", SERVER)),
        {WEB_API: 1},
    ),
    "step above the server": (
        (
            span("1", "0", "web", CLIENT, server__address="api"),
            span("2", "1", "api", INTERNAL),
            span("3", "2", "api", SERVER),
        ),
        {WEB_API: 1},
    ),
    "server under server": (
        (span("1", "", "web", SERVER), span("2", "1", "api", SERVER)),
        {("user", "web", HTTP): 1, WEB_API: 1},
    ),
    "server under a step": (
        (span("1", "", "web", INTERNAL), span("2", "1", "api", SERVER)),
        {WEB_API: 1},
    ),
    "server under a step of a server": (
        (span("1", "", "web", SERVER), span("2", "1", "web", INTERNAL), span("3", "2", "api", SERVER)),
        {("user", "web", HTTP): 1, WEB_API: 1},
    ),
    "no kinds": (
        (
            span("1", "", "web", NONE),
            span("2", "1", "web", NONE),
            span("3", "2", "api", NONE),
            span("4", "3", "api", NONE),
            span("5", "4", "stock", NONE),
            span("6", "4", "stock", NONE),
        ),
        {WEB_API: 1, ("api", "stock", HTTP): 2},
    ),
    "no kinds, with the name of the other side": (
        (
            span("1", "", "app", NONE, peer__service="web"),
            span("2", "1", "web", NONE, peer__service="api"),
            span("3", "2", "api", NONE, peer__service="db"),
        ),
        {("app", "web", HTTP): 1, WEB_API: 1, ("api", "db", HTTP): 1},
    ),
    "no kinds, with the name of the caller": (
        (span("1", "", "web", NONE), span("2", "1", "api", NONE, peer__service="web")),
        {WEB_API: 1},
    ),
    "a step of another service": (
        (span("1", "0", "web", CLIENT, server__address="api"), span("2", "1", "api", INTERNAL)),
        {WEB_API: 1},
    ),
    "steps of another service under a server": (
        (span("1", "", "web", SERVER), span("2", "1", "api", INTERNAL), span("3", "2", "api", INTERNAL)),
        {("user", "web", HTTP): 1, WEB_API: 1},
    ),
    "the server's span is missing": (
        (span("1", "", "web", SERVER), span("2", "1", "api", CLIENT, peer__service="bank")),
        {("user", "web", HTTP): 1, WEB_API: 1, ("api", "bank", HTTP): 1},
    ),
    "no service between": (
        (span("1", "", "web", SERVER), span("2", "1", "", NONE), span("3", "2", "api", SERVER)),
        {("user", "web", HTTP): 1, WEB_API: 1},
    ),
    "clients without a service": (
        (
            span("1", "", "web", SERVER),
            span("2", "1", "", CLIENT, peer__service="api"),
            span("3", "1", "", CLIENT, peer__service="api"),
        ),
        {("user", "web", HTTP): 1, WEB_API: 2},
    ),
    "spans that name no service, below one that does": (
        (
            span("1", "", "web", SERVER),
            span("2", "1", "unknown_service", INTERNAL),
            span("3", "2", "unknown_service", CLIENT, server__address="api"),
        ),
        {("user", "web", HTTP): 1, WEB_API: 1},
    ),
    "services that name themselves nowhere": (
        (
            span("1", "", "unknown_service", CLIENT, server__address="api"),
            span("2", "1", "api", SERVER),
            span("3", "2", "api", CLIENT),
            span("4", "3", "unknown_service", SERVER),
            span("5", "0", "unknown_service", CLIENT, server__address="bank"),
        ),
        {
            ("unknown_service", "api", HTTP): 1,
            ("api", "unknown_service", HTTP): 1,
            ("unknown_service", "bank", HTTP): 1,
        },
    ),
    "a server without a service": (
        (
            span("1", "", "", SERVER, peer__service="web"),
            span("2", "0", "web", CLIENT, server__address="api"),
            span("3", "2", "", SERVER),
        ),
        {WEB_API: 1},
    ),
    "both halves with one id": (
        (
            span("1", "", "web", SERVER),
            span("2", "1", "web", CLIENT, peer__service="api"),
            span("2", "1", "api", SERVER),
            span("3", "2", "api", CLIENT, also=SHOP),
        ),
        {("user", "web", HTTP): 1, WEB_API: 1, ("api", "mysql/shop", DB): 1},
    ),
    "calls itself": (
        (span("1", "", "web", SERVER), span("2", "1", "web", CLIENT), span("3", "2", "web", SERVER)),
        {("user", "web", HTTP): 1, ("web", "web", HTTP): 1},
    ),
    "server within a server of the same service": (
        (span("1", "", "web", SERVER), span("2", "1", "web", SERVER), span("3", "2", "web", INTERNAL)),
        {("user", "web", HTTP): 1},
    ),
    # Who calls, where the caller sends no spans.
    "root with a name for its caller": (
        (span("1", "", "web", SERVER, peer__service="app"),),
        {("app", "web", HTTP): 1},
    ),
    "root names itself": ((span("1", "", "web", SERVER, peer__service="web"),), {("web", "web", HTTP): 1}),
    "caller sends no spans": ((span("2", "1", "web", SERVER),), {("user", "web", HTTP): 1}),
    "caller sends no spans and has a name": (
        (span("2", "1", "web", SERVER, peer__service="app"),),
        {("app", "web", HTTP): 1},
    ),
    "addresses of clients are no nodes": (
        (span("2", "1", "web", SERVER, client__address="10.9.8.7", net__peer__ip="10.9.8.7"),),
        {("user", "web", HTTP): 1},
    ),
    "siblings below a missing span": (
        (span("2", "1", "web", SERVER), span("3", "1", "api", SERVER)),
        {("user", "web", HTTP): 1, ("user", "api", HTTP): 1},
    ),
    "a server that also used a queue and a database": (
        (
            span("1", "0", "web", CLIENT),
            span("2", "1", "api", SERVER, also=QUEUE_USED, db__system="redis"),
        ),
        {WEB_API: 1},
    ),
    # Clients within clients.
    "a token from elsewhere": (
        (
            span("1", "0", "web", CLIENT, server__address="api"),
            span("2", "1", "web", CLIENT, server__address="login"),
            span("3", "1", "api", SERVER),
            span("4", "2", "login", SERVER),
        ),
        {WEB_API: 1, ("web", "login", HTTP): 1},
    ),
    "a token from elsewhere, both send no spans": (
        (
            span("1", "0", "web", CLIENT, server__address="api", server__port="80"),
            span("2", "1", "web", INTERNAL),
            span("3", "2", "web", CLIENT, server__address="login", server__port="443"),
        ),
        {("web", "api:80", HTTP): 1, ("web", "login:443", HTTP): 1},
    ),
    "a cache before the call": (
        (
            span("1", "0", "web", CLIENT, server__address="api"),
            span("2", "1", "web", CLIENT, db__system="redis", server__address="cache"),
            span("3", "1", "api", SERVER),
        ),
        {WEB_API: 1, ("web", "redis/cache", DB): 1},
    ),
    "an outer span that says nothing": (
        (
            span("1", "0", "web", CLIENT),
            span("2", "1", "web", INTERNAL),
            span("3", "2", "web", CLIENT, server__address="api"),
            span("4", "3", "api", SERVER),
        ),
        {WEB_API: 1},
    ),
    "an inner span that says nothing": (
        (
            span("1", "0", "web", CLIENT, server__address="api"),
            span("2", "1", "web", CLIENT),
            span("3", "2", "api", SERVER),
        ),
        {WEB_API: 1},
    ),
    "three layers of one call": (
        (
            span("1", "0", "web", CLIENT, rpc__service="Pay"),
            span("2", "1", "web", CLIENT),
            span("3", "2", "web", CLIENT, server__address="bank", server__port="443"),
        ),
        {("web", "bank:443", HTTP): 1},
    ),
    "a function by name, not by the service of the cloud that invokes it": (
        (span("1", "0", "web", CLIENT, rpc__service="Lambda", faas__invoked_name="resize"),),
        {("web", "resize", HTTP): 1},
    ),
    "a model's provider, whose HTTP client says where": (
        (
            span("1", "0", "web", CLIENT, gen_ai__provider__name="openai"),
            span("2", "1", "web", CLIENT, url__full="https://models.example"),
            span("3", "0", "web", CLIENT, gen_ai__system="anthropic"),
        ),
        {("web", "models.example:443", HTTP): 1, ("web", "anthropic", HTTP): 1},
    ),
    "retries below one span": (
        (span("1", "0", "web", CLIENT), span("2", "1", "api", SERVER), span("3", "1", "api", SERVER)),
        {WEB_API: 2},
    ),
    "a fan-out below one span": (
        (span("1", "0", "web", CLIENT), span("2", "1", "api", SERVER), span("3", "1", "mail", SERVER)),
        {WEB_API: 1, ("web", "mail", HTTP): 1},
    ),
}
