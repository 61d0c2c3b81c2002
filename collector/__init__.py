"""The collector: takes telemetry in, keeps it in ClickHouse, hosts the topology engine, answers queries.

``receive``     OTLP over gRPC and HTTP, Zipkin over HTTP
``otlp``        export requests checked and taken apart, pure
``formats``     Zipkin, Jaeger and file formats converted to OTLP, pure
``ingest``      a request on its way: engine, spool, store
``clickhouse``  the store: embedded, a server or a cluster
``control``     the loop that steps the engine, policy file, probes, mesh tables
``federation``  several collectors over one store
``query``       the query API

A request flows receive -> ingest -> engine and spool; its sender is answered when the spool has it,
and a drain takes it to ClickHouse. Snapshots of the engine leave over xDS, its edges and decisions by
``control.mesh_writer``. ``app`` starts the parts in order and stops them in reverse; ``stats`` holds the
collector's own counters, ``clock`` the time that no step of the machine's clock disturbs, and
``directory_lock`` keeps two collectors out of one directory.
"""
