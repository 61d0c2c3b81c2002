"""The store: ClickHouse in this process or on a server, behind one narrow interface.

``database``          the interface: a session that executes, inserts columns and queries rows; its errors
``native``            columns to and from ClickHouse's Native blocks (pure)
``spans``             OTLP spans to rows of otel_traces, by ClickHouse's own protobuf parser
``attribute_sql``     the part of it that makes texts and types of attributes (pure)
``embedded``          sessions on the engine inside this process (chdb), and its data directory
``dedup_log_repair``  repair of that directory after a crash
``server``            sessions on a server over the native protocol (clickhouse-driver)
``open_store``        opens the one of the two that the configuration names
``migrate``           brings the schema in ``sql/`` (one object a file) up to date, with ``alterations`` of
                      existing tables and ``upgrade`` of existing rows
``cluster``           the same schema for a cluster (pure)
``retention``         days to keep, by signal (pure)
``writer``            inserts, in one thread
``reader``            queries, in a small pool of threads

Columns go down through ``writer``, rows come up through ``reader``; both kinds of session take
the same SQL, the same column lists and the same ``{name:Type}`` parameters.
"""
