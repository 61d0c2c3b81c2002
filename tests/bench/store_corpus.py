"""A day of a large shop's spans, generated inside ClickHouse: the same rows for the same size and seed.

Forty services of unequal weight call each other in sixty shapes of trace: most of 3 to 30 spans, a few
of 40 levels, a few with 100 to 300 children. What is random in production is random here: ids, users,
ports, addresses, ids in URLs, sizes; durations are log-normal, starts are jittered to the nanosecond.
"""

import random
from dataclasses import dataclass, field, fields
from typing import Any, Final

from collector.clickhouse.database import Database

SEED: Final = 4
START: Final = 1_768_435_200  # 2026-01-15 00:00:00 UTC
DAY: Final = 86_400
SERVICES: Final = 40
SHAPES: Final = 60

_KINDS: Final = ("Server", "Client", "Database", "Internal")
_NOUNS: Final = (
    "order",
    "cart",
    "user",
    "item",
    "price",
    "stock",
    "review",
    "payment",
    "invoice",
    "parcel",
    "coupon",
    "session",
    "address",
    "refund",
    "wish",
    "offer",
    "vendor",
    "search",
    "image",
    "message",
)
_VERBS: Final = ("Get", "List", "Create", "Update", "Check", "Reserve", "Confirm", "Render")
_METHODS: Final = {"Get": "GET", "List": "GET", "Check": "GET", "Render": "GET", "Update": "PUT"}


@dataclass
class Node:
    """A place in a shape. ``begin`` and ``share`` are parts of the trace's duration, ``gate`` the node
    that decides whether this one happens at all, ``home`` the server span of its process and ``far``
    that of the process at the other end."""

    shape: int
    node: int
    parent: int
    service: str
    name: str
    kind: str
    begin: float
    share: float
    gate: int
    chance: float
    path: str
    peer: str
    home: int
    far: int
    static: dict[str, str] = field(default_factory=dict)


def nodes() -> list[Node]:
    """Every node of every shape."""
    rng = random.Random(SEED)
    services = [f"{rng.choice(_NOUNS)}-{number:02d}" for number in range(SERVICES)]
    # A few services are called by nearly everyone, most by few.
    weights = [1 / (rank + 1) for rank in range(SERVICES)]
    found: list[Node] = []
    for shape in range(SHAPES):
        _Shape(rng, services, weights, shape, found).grow()
    return found


class _Shape:
    """Grows one tree of calls."""

    def __init__(
        self, rng: random.Random, services: list[str], weights: list[float], shape: int, into: list[Node]
    ) -> None:
        self._rng, self._services, self._weights = rng, services, weights
        self._shape, self._into, self._next = shape, into, 0
        # Shape 50 and up are the extremes; they are drawn least.
        self._deep, self._wide = shape in (50, 52, 54), shape in (51, 53, 55)
        self._budget = 90 if self._deep else rng.randint(100, 300) if self._wide else rng.randint(3, 30)

    def grow(self) -> None:
        self._server(-1, self._pick(), 0.0, 1.0, 0, 1.0, 0)

    def _pick(self) -> str:
        return self._rng.choices(self._services, self._weights)[0]

    def _add(
        self,
        parent: int,
        service: str,
        name: str,
        kind: str,
        span: tuple[float, float, int, float],
        path: str = "",
        peer: str = "",
        **static: str,
    ) -> int:
        number = self._next
        self._next += 1
        begin, share, gate, chance = span
        above = self._into[parent - number].home if parent >= 0 else -1
        home, far = (number, above) if kind == "Server" else (above, number + 1)
        self._into.append(
            Node(
                self._shape,
                number,
                parent,
                service,
                name,
                kind,
                begin,
                share,
                gate,
                chance,
                path,
                peer,
                home,
                far,
                {key.replace("__", "."): value for key, value in static.items()},
            )
        )
        return number

    def _server(
        self, parent: int, service: str, begin: float, share: float, gate: int, chance: float, level: int
    ) -> None:
        rng = self._rng
        verb, noun = rng.choice(_VERBS), rng.choice(_NOUNS)
        method, path = _METHODS.get(verb, "POST"), f"/api/{noun}s/"
        if parent >= 0:
            caller = self._into[-1]
            caller.path, caller.static["http.request.method"] = path, method
        here = self._add(
            parent,
            service,
            f"{method} {path}{{id}}",
            "Server",
            (begin, share, gate, chance),
            path,
            http__request__method=method,
            http__route=f"{path}{{id}}",
            url__scheme="http",
            server__address=service,
            server__port="8080",
            network__protocol__version="1.1",
        )
        wanted = rng.randint(100, 300) if self._wide and not level else 1 if self._deep else rng.randint(0, 5)
        slot = share / (wanted + 1)
        for child in range(wanted):
            if self._next >= self._budget:
                return
            start = begin + slot * (child + rng.random() * 0.3)
            long = slot * rng.uniform(0.4, 0.9)
            opens = rng.random() < 0.2 and gate == 0
            inner = (self._next, rng.uniform(0.3, 0.95)) if opens else (gate, chance)
            self._child(here, service, start, long, inner, level)

    def _child(
        self, parent: int, service: str, begin: float, share: float, inner: tuple[int, float], level: int
    ) -> None:
        rng, where = self._rng, (begin, share, *inner)
        what = "call" if self._deep else rng.choices(("call", "query", "work"), (4, 4, 2))[0]
        noun, verb = rng.choice(_NOUNS), rng.choice(_VERBS)
        function = f"shop.{noun}.{verb.lower()}_{noun}"
        code = {"code.function.name": function, "code.file.path": f"shop/{noun}.py"}
        if what == "query":
            action = rng.choice(("SELECT", "SELECT", "SELECT", "UPDATE", "INSERT"))
            self._add(
                parent,
                service,
                f"{action} {noun}s",
                "Database",
                where,
                peer=f"{service}-db",
                **code,
                db__system__name="postgresql",
                db__namespace=service.split("-")[0],
                db__operation__name=action,
                db__collection__name=f"{noun}s",
                db__query__text=_query(action, noun),
                server__address=f"{service}-db",
                server__port="5432",
                db__client__connection__pool__name="main",
            )
        elif what == "work":
            self._add(
                parent,
                service,
                f"{verb.lower()}_{noun}",
                "Internal",
                where,
                **code,
                thread__name="MainThread",
                feature_flag__key=f"new-{noun}",
                feature_flag__provider__name="flags",
                app__tier="gold",
                app__region="eu-west-1",
            )
        else:
            target = self._pick()
            client = self._add(
                parent,
                service,
                "GET",
                "Client",
                where,
                peer=target,
                **code,
                server__address=target,
                server__port="8080",
                network__protocol__version="1.1",
                peer__service=target,
            )
            net = share * 0.05
            self._server(client, target, begin + net, share - 2 * net, *inner, level + 1)


def _query(action: str, noun: str) -> str:
    if action == "SELECT":
        return f"SELECT id, name, state, updated FROM {noun}s WHERE id = $1 AND state <> $2 ORDER BY updated"
    return f"{action} {noun}s ... RETURNING id"


_NODES: Final = """
CREATE TABLE IF NOT EXISTS bench_nodes (
    shape UInt16, node UInt16, parent Int32, service String, name String, kind String, begin Float64,
    share Float64, gate UInt16, chance Float64, path String, peer String,
    home Int32, far Int32, static Map(LowCardinality(String), String)
) ENGINE = Memory
"""

# u(k): uniform in [0, 1) for a node of a trace; v(k): for the trace as a whole.
_SPANS: Final = """
INSERT INTO {table} (
    Timestamp, TraceId, SpanId, ParentSpanId, SpanName, SpanKind, ServiceName, ResourceAttributes,
    ScopeName, ScopeVersion, SpanAttributes, Duration, StatusCode, StatusMessage,
    `Events.Timestamp`, `Events.Name`, `Events.Attributes`
)
WITH
    k -> cityHash64({seed}, trace, node, k) AS h,
    k -> (cityHash64({seed}, trace, node, k) % 1048573) / 1048573 AS u,
    k -> cityHash64({seed}, trace, k) AS g,
    k -> cityHash64({seed}, trace, toInt32(k), 6) AS p,
    k -> (cityHash64({seed}, trace, k) % 1048573) / 1048573 AS v,
    sqrt(-2 * log(v(1) + 1e-9)) * cos(2 * pi() * v(2)) AS normal,
    sqrt(-2 * log(u(1) + 1e-9)) * cos(2 * pi() * u(2)) AS wobble,
    20e6 * exp(0.9 * normal) * (1 + shape % 7) AS total,
    toInt64({start}) * 1000000000 + toInt64(trace * {step}) + toInt64(v(3) * {step}) AS began,
    began + toInt64(total * begin) + h(3) % 40000 AS at,
    greatest(toUInt64(total * share * exp(0.25 * wobble - 0.2)), 1000 + h(4) % 9000) AS duration,
    v(4) < 0.02 AND u(5) < 0.25 AS failed,
    concat('10.', toString(sipHash64(service) % 4), '.', toString(sipHash64(service) % 200), '.',
        toString(p(home) % (2 + sipHash64(service) % 9))) AS here,
    concat('10.', toString(sipHash64(peer) % 4), '.', toString(sipHash64(peer) % 200), '.',
        toString(p(far) % (2 + sipHash64(peer) % 9))) AS there,
    toString(toUInt64(pow(v(7), 3) * 200000)) AS user,
    toString(1000000 + g(8 + node % 2) % 3000000) AS object,
    if(failed, '500', if(u(9) < 0.03, '404', if(path LIKE '%s/' AND u(9) < 0.06, '304', '200'))) AS status,
    map('thread.id', toString(p(home) % 64), 'enduser.id', concat('user-', user)) AS common
SELECT
    fromUnixTimestamp64Nano(at),
    lower(hex(sipHash128({seed}, trace))),
    lower(hex(sipHash64({seed}, trace, node))),
    if(parent < 0, '', lower(hex(sipHash64({seed}, trace, toUInt16(greatest(parent, 0)))))),
    name,
    if(kind = 'Database', 'Client', kind),
    service,
    map('service.name', service, 'service.version', concat('1.', toString(sipHash64(service) % 9), '.0'),
        'service.instance.id', concat(service, '-', lower(hex(cityHash64(here)))), 'host.name', here,
        'deployment.environment.name', 'production', 'telemetry.sdk.language', 'python'),
    multiIf(kind = 'Server', 'shop.http.server', kind = 'Database', 'shop.postgres', 'shop.client'),
    '0.58b0',
    mapConcat(static, common, multiIf(
        kind = 'Server', map('url.path', concat(path, object), 'http.response.status_code', status,
            'network.peer.address', if(parent < 0, concat('84.', toString(g(11) % 200), '.',
                toString(g(12) % 250), '.', toString(g(13) % 250)), there),
            'network.peer.port', toString(32768 + h(14) % 28000),
            'http.response.body.size', toString(toUInt64(200 * exp(2 * u(15) + 2 * u(16)))),
            'user_agent.original', if(parent < 0, concat('Mozilla/5.0 (X11; Linux x86_64) rv:',
                toString(90 + g(17) % 60), '.0'), 'python-requests/2.32.3'),
            'client.address', there),
        kind = 'Client', map('url.full', concat('http://', peer, ':8080', path, object),
            'http.response.status_code', status, 'network.peer.address', there,
            'network.peer.port', '8080', 'http.request.resend_count', '0', 'thread.name', 'MainThread'),
        kind = 'Database', map('network.peer.address', there, 'network.peer.port', '5432',
            'db.response.returned_rows', toString(toUInt64(exp(5 * u(15)))), 'thread.name', 'MainThread'),
        map('app.items', toString(1 + h(15) % 12), 'app.total', toString((h(16) % 50000) / 100),
            'session.id', lower(hex(g(18))), 'cache.hit', if(u(19) < 0.8, 'true', 'false'))
    )),
    duration,
    if(failed, 'Error', 'Unset'),
    if(failed, concat('upstream answered 500 for ', object), ''),
    if(failed, [fromUnixTimestamp64Nano(at + toInt64(duration))], []),
    if(failed, ['exception'], []),
    if(failed, [map('exception.type', 'shop.errors.UpstreamError', 'exception.message',
        concat('upstream answered 500 for ', object), 'exception.stacktrace',
        concat('Traceback (most recent call last):\\n  File "shop/', service, '.py", line ',
            toString(20 + sipHash64(name) % 400), ', in handle\\n  File "shop/http.py", line 88'))], [])
FROM (
    SELECT number AS trace, toUInt16(least({shapes} - 1, floor({shapes} * pow(
        (cityHash64({seed}, number, 99) % 1048573) / 1048573, 1.8)))) AS shape
    FROM numbers({first}, {count})
) AS traces
INNER JOIN bench_nodes USING (shape)
WHERE chance = 1 OR (cityHash64({seed}, trace, gate, 77) % 1048573) / 1048573 < chance
SETTINGS max_block_size = 65536, max_partitions_per_insert_block = 0
"""


def prepare(database: Database) -> None:
    """Put the shapes where ``fill`` finds them."""
    database.execute(_NODES)
    database.execute("TRUNCATE TABLE bench_nodes")
    made = nodes()
    names = [each.name for each in fields(Node)]
    columns: dict[str, list[Any]] = {name: [getattr(each, name) for each in made] for name in names}
    database.insert("bench_nodes", columns)


def fill(database: Database, traces: int, table: str = "otel_traces", chunk: int = 50_000) -> None:
    """Insert ``traces`` traces spread over the day, in order of time as they would arrive."""
    step = DAY * 10**9 // traces
    for first in range(0, traces, chunk):
        database.execute(
            _SPANS.format(
                table=table,
                seed=SEED,
                start=START,
                step=step,
                shapes=SHAPES,
                first=first,
                count=min(chunk, traces - first),
            )
        )
