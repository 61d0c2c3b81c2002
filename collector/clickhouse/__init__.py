"""The store: ClickHouse in this process or on a server, behind one narrow interface.

``database``  the interface: a session that executes, inserts columns and queries rows; its errors
``native``    columns to and from ClickHouse's Native blocks (pure)
``embedded``  a session on the engine inside this process (chdb) and its data directory
``server``    a session on a server over the native protocol (clickhouse-driver)
``spans``     OTLP spans to rows, by ClickHouse itself
``open_store``  opens the one that the configuration names
``migrate``   brings the schema in ``sql/`` (one object a file) up to date, with ``cluster`` (statements for a
              cluster), ``retention``, ``alterations`` (columns that older stores lack) and ``upgrade``
``dedup_log_repair``  removes what a killed engine left in its deduplication logs
``writer``    inserts, one thread
``reader``    queries, a small pool of threads

Columns go down through ``writer``, rows come up through ``reader``; both kinds of session take
the same SQL, the same column lists and the same ``{name:Type}`` parameters.
"""
