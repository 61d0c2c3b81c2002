"""The store: ClickHouse in this process or on a server, behind one narrow interface.

``database``  the interface: a session that executes, inserts columns and queries rows; its errors
``native``    columns to and from ClickHouse's Native blocks (pure)
``embedded``  a session on the engine inside this process (chdb) and its data directory
``server``    a session on a server over the native protocol (clickhouse-driver)
``store``     which of the two the configuration asks for
``migrate``   brings the schema in ``sql/`` (one object a file) up to date
``writer``    inserts, one thread
``reader``    queries, a small pool of threads

Columns go down through ``writer``, rows come up through ``reader``; both kinds of session take
the same SQL, the same column lists and the same ``{name:Type}`` parameters.
"""
