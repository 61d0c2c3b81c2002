"""Traces of databases, messages and sidecars with the edges that they make."""

from dataclasses import replace

from tests.topology.spans.span_trees import (
    APP_AND_SIDECARS,
    CLIENT,
    CONSUMER,
    DATABASE,
    DB,
    HTTP,
    INTERNAL,
    INTO_THE_MESH,
    MQ,
    NESTED,
    NESTED_DATABASE,
    NEWLY_IN_THE_MESH,
    OUT_OF_THE_MESH,
    PRODUCER,
    SERVER,
    SHOP,
    TWO_SIDECARS,
    WEB_API,
    Expected,
    span,
)
from topology.model.samples import SpanFact

ORDERS = {"messaging__system": "kafka", "messaging__destination__name": "orders"}
CREATE = {**ORDERS, "messaging__operation__type": "create"}
SEND = {**ORDERS, "messaging__operation__type": "send"}
RECEIVE = {**ORDERS, "messaging__operation__type": "receive"}
PROCESS = {**ORDERS, "messaging__operation__type": "process"}
SETTLE = {**ORDERS, "messaging__operation__type": "settle"}
TO_QUEUE, FROM_QUEUE = ("web", "kafka/orders", MQ), ("kafka/orders", "mail", MQ)
EXCHANGES: dict[str, tuple[tuple[SpanFact, ...], Expected]] = {
    # Databases.
    "orm, step, driver": (
        (
            span("1", "0", "api", CLIENT, also=SHOP),
            span("2", "1", "api", INTERNAL),
            span("3", "2", "api", CLIENT, db__system__name="mysql", server__address="db1"),
        ),
        {("api", "mysql/shop", DB): 1},
    ),
    "orm and driver that spell one system in two ways": (
        (
            span("1", "0", "api", CLIENT, db__system="postgres", db__name="shop"),
            span("2", "1", "api", CLIENT, db__system__name="postgresql", db__namespace="shop"),
            span("3", "0", "api", CLIENT, db__system="mongoose", db__name="users"),
            span("4", "3", "api", CLIENT, db__system="mongodb", db__name="users"),
        ),
        {("api", "postgresql/shop", DB): 1, ("api", "mongodb/users", DB): 1},
    ),
    "a producer and a consumer that spell one broker in two ways": (
        (
            span("1", "0", "web", PRODUCER, messaging__system="aws.sqs", messaging__destination="jobs"),
            span("2", "1", "mail", CONSUMER, messaging__system="AmazonSQS", messaging__source__name="jobs"),
        ),
        {("web", "aws_sqs/jobs", MQ): 1, ("aws_sqs/jobs", "mail", MQ): 1},
    ),
    "two databases": (
        (
            span("1", "0", "api", CLIENT, also=SHOP),
            span("2", "1", "api", CLIENT, db__system="redis", server__address="cache"),
        ),
        {("api", "mysql/shop", DB): 1, ("api", "redis/cache", DB): 1},
    ),
    "a database over http": (
        (
            span("1", "0", "api", CLIENT, db__system="elasticsearch", server__address="es"),
            span("2", "1", "api", INTERNAL),
            span("3", "2", "api", CLIENT, server__address="es", server__port="9200"),
        ),
        {("api", "elasticsearch/es", DB): 1},
    ),
    "a database over http over a layer": (
        (
            span("1", "0", "api", CLIENT, db__system="dynamodb", db__name="carts"),
            span("2", "1", "api", CLIENT),
            span("3", "2", "api", CLIENT, server__address="dynamodb.aws", server__port="443"),
        ),
        {("api", "dynamodb/carts", DB): 1},
    ),
    # Messages.
    "queue": (
        (span("1", "0", "web", PRODUCER, also=ORDERS), span("2", "1", "mail", CONSUMER, also=ORDERS)),
        {TO_QUEUE: 1, FROM_QUEUE: 1},
    ),
    "no name of the queue": (
        (span("1", "0", "web", PRODUCER), span("2", "1", "mail", CONSUMER)),
        {("web", "mail", MQ): 1},
    ),
    "the consumer names the queue": (
        (span("1", "0", "web", PRODUCER), span("2", "1", "mail", CONSUMER, also=ORDERS)),
        {TO_QUEUE: 1, FROM_QUEUE: 1},
    ),
    "the producer names the queue": (
        (span("1", "0", "web", PRODUCER, also=ORDERS), span("2", "1", "mail", CONSUMER)),
        {TO_QUEUE: 1, FROM_QUEUE: 1},
    ),
    "a client in place of a producer": (
        (span("1", "0", "web", CLIENT), span("2", "1", "mail", CONSUMER)),
        {("web", "mail", MQ): 1},
    ),
    "zipkin's broker": (
        (
            span("1", "0", "web", PRODUCER, peer__service="kafka", kafka__topic="orders"),
            span("2", "1", "mail", CONSUMER, peer__service="kafka", kafka__topic="orders"),
        ),
        {TO_QUEUE: 1, FROM_QUEUE: 1},
    ),
    "zipkin's broker without a topic": (
        (
            span("1", "0", "web", PRODUCER, peer__service="broker"),
            span("2", "1", "mail", CONSUMER, peer__service="broker"),
        ),
        {("web", "broker", MQ): 1, ("broker", "mail", MQ): 1},
    ),
    "a server under a producer": (
        (span("1", "0", "web", PRODUCER), span("2", "1", "api", SERVER)),
        {WEB_API: 1},
    ),
    "a push to a server": (
        (span("1", "0", "web", PRODUCER, also=ORDERS), span("2", "1", "mail", SERVER)),
        {TO_QUEUE: 1, FROM_QUEUE: 1},
    ),
    "a consumer in a trace of its own that names nothing but its producer": (
        (
            span("1", "0", "web", PRODUCER, also=ORDERS),
            replace(span("2", "", "mail", CONSUMER), trace_id=b"u" * 16, link=b"t" * 16 + b"1"),
        ),
        {TO_QUEUE: 1, FROM_QUEUE: 1},
    ),
    "create and send": (
        (span("1", "0", "web", PRODUCER, also=CREATE), span("2", "0", "web", CLIENT, also=SEND)),
        {TO_QUEUE: 1},
    ),
    "send within create": (
        (span("1", "0", "web", PRODUCER, also=CREATE), span("2", "1", "web", PRODUCER, also=SEND)),
        {TO_QUEUE: 1},
    ),
    "create within send": (
        (
            span("1", "0", "web", CLIENT, also=SEND),
            span("2", "1", "web", PRODUCER, also=CREATE),
            span("3", "1", "web", PRODUCER, also=CREATE),
        ),
        {TO_QUEUE: 2},
    ),
    "send alone": (
        (span("1", "0", "web", CLIENT, also=SEND), span("2", "0", "web", PRODUCER, also=SEND)),
        {TO_QUEUE: 2},
    ),
    "receive alone": ((span("1", "0", "mail", CLIENT, also=RECEIVE),), {FROM_QUEUE: 1}),
    "receive and process": (
        (span("1", "", "mail", CLIENT, also=RECEIVE), span("2", "1", "mail", CONSUMER, also=PROCESS)),
        {FROM_QUEUE: 1},
    ),
    "receive and process in different traces": (
        (
            replace(span("1", "", "mail", CONSUMER, also=RECEIVE), trace_id=b"u" * 16),
            span("2", "0", "web", PRODUCER, also=ORDERS),
            span("3", "2", "mail", CONSUMER, also=PROCESS),
        ),
        {TO_QUEUE: 1, FROM_QUEUE: 1},
    ),
    "a batch": (
        (
            span("1", "", "mail", CLIENT, also=RECEIVE),
            *(span(f"{n}", "1", "mail", CONSUMER, also=PROCESS) for n in range(2, 6)),
        ),
        {FROM_QUEUE: 4},
    ),
    "process within process": (
        (
            span("1", "", "mail", CONSUMER, also=PROCESS),
            span("2", "1", "mail", INTERNAL),
            span("3", "2", "mail", CONSUMER, also=PROCESS),
        ),
        {FROM_QUEUE: 1},
    ),
    "acknowledged": (
        (span("1", "", "mail", CONSUMER, also=PROCESS), span("2", "1", "mail", CLIENT, also=SETTLE)),
        {FROM_QUEUE: 1},
    ),
    "an empty poll": (
        (span("1", "", "mail", CLIENT, also=RECEIVE, messaging__batch__message_count="0"),),
        {},
    ),
    "two groups of consumers": (
        (
            span("1", "0", "web", PRODUCER, also=ORDERS),
            span("2", "1", "mail", CONSUMER, also=PROCESS),
            span("3", "1", "stock", CONSUMER, also=PROCESS),
        ),
        {TO_QUEUE: 1, FROM_QUEUE: 1, ("kafka/orders", "stock", MQ): 1},
    ),
    "a consumer calls": (
        (
            span("1", "", "mail", CONSUMER, also=PROCESS),
            span("2", "1", "mail", CLIENT, server__address="smtp"),
        ),
        {FROM_QUEUE: 1, ("mail", "smtp", HTTP): 1},
    ),
    "a queue over http": (
        (
            span("1", "0", "web", PRODUCER, also=SEND, server__address="sqs"),
            span("2", "1", "web", CLIENT, server__address="sqs", server__port="443"),
        ),
        {TO_QUEUE: 1},
    ),
    # Sidecars, whose metrics count what they see.
    "sidecars": (TWO_SIDECARS, {}),
    "both": (APP_AND_SIDECARS, {}),
    "in": (INTO_THE_MESH, {WEB_API: 1}),
    "out": (OUT_OF_THE_MESH, {("alias", "10.0.0.5:80", "legacy"): 1}),
    "new": (NEWLY_IN_THE_MESH, {("measured", "api", ""): 1}),
    "step between sdk and sidecar": (
        (
            span("1", "0", "web", CLIENT, server__address="api"),
            span("2", "1", "web", INTERNAL),
            span("3", "2", "web", CLIENT, sidecar=True, peer__service="api"),
        ),
        {},
    ),
    "sdk and sidecar of different names": (
        (
            span("1", "0", "webapp", CLIENT, server__address="api"),
            span("2", "1", "web", CLIENT, sidecar=True, peer__service="api"),
        ),
        {},
    ),
    "outside the mesh through a sidecar": (
        (
            span("1", "0", "web", CLIENT, server__address="bank", server__port="443"),
            span("2", "1", "web", CLIENT, sidecar=True, peer__service="bank:443"),
        ),
        {},
    ),
    "headers copied past the sidecar": (
        (
            span("1", "0", "web", SERVER, sidecar=True, spanmesh__caller="edge"),
            span("2", "1", "api", SERVER),
        ),
        {WEB_API: 1},
    ),
    "sidecars of others": (
        (
            span("1", "0", "web", CLIENT, server__address="api"),
            span("2", "1", "web", CLIENT, http__url="http://api:9080", peer__address="10.0.0.9:9080"),
            span("3", "2", "api", SERVER),
            span("4", "3", "api", SERVER),
        ),
        {WEB_API: 1, ("alias", "api:9080", "api"): 1},
    ),
    "sidecars of others that make two spans of each call": (
        (
            span("1", "0", "web", CLIENT, server__address="api"),
            span("2", "1", "web", SERVER, component="proxy"),
            span("3", "2", "web", CLIENT, component="proxy", http__url="http://api.shop.svc:9080"),
            span("4", "3", "api", SERVER, component="proxy"),
            span("5", "4", "api", CLIENT, component="proxy", http__url="http://127.0.0.1:8080"),
            span("6", "5", "api", SERVER),
        ),
        {WEB_API: 1, ("alias", "api.shop.svc:9080", "api"): 1},
    ),
    "istio's sidecars, with names of their own": (
        (
            span("1", "0", "web", CLIENT, server__address="api"),
            span("2", "1", "web.shop", CLIENT, component="proxy", istio__canonical_service="web"),
            span("3", "2", "api.shop", SERVER, component="proxy", istio__canonical_service="api"),
            span("4", "3", "api", SERVER),
        ),
        {WEB_API: 1},
    ),
    "istio's sidecars alone": (
        (
            span("2", "", "web.shop", CLIENT, component="proxy", istio__canonical_service="web"),
            span("3", "2", "api.shop", SERVER, component="proxy", istio__canonical_service="api"),
        ),
        {WEB_API: 1},
    ),
    "nested": (NESTED, {WEB_API: 1}),
    "db": (DATABASE, {("api", "postgresql/shop", DB): 1}),
    "nested db": (NESTED_DATABASE, {("api", "mysql/shop", DB): 1}),
}
