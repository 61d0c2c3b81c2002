"""The collector: takes telemetry in, keeps it in ClickHouse, hosts the topology engine, answers.

``app``       composition: what is started in which order, and stopped in reverse
``receive``   OTLP over gRPC and HTTP
``otlp``      requests taken apart, pure
``ingest``    the way of one request: examined, told to the engine, made durable, answered
``admit``     how much may wait, ``seen`` which requests were acknowledged before
``journal``   requests into the ``spool`` on disk, ``drain`` out of it through ``sink`` into the store
``aside``     files of requests that ClickHouse does not take
``clickhouse`` the store, embedded or a server
``loop``      the step of the mesh, with ``meshfile`` (mesh.yaml); ``replay`` is stages kept
``neighbours`` what other collectors on the same server stored, taken over; ``following`` says what is news
``recorder``  the mesh's edges and decisions on their way to the store
``query``     the query API
``stats``     the collector's own counters

Requests flow receive -> ingest -> engine and journal, then drain -> clickhouse; an answer leaves when
the request is in the spool. The engine's snapshots leave over xDS, its edges and decisions by the recorder.
"""
