"""Several collectors on one ClickHouse server as one mesh.

``sync`` publishes what this collector knows and reads what others stored, by the SQL in ``queries``.
``members``, ``remote_edges`` and ``remote_decisions`` turn rows into what is new (pure): reads overlap,
because rows with equal timestamps may become visible at different times, and rows already read are skipped.
``stored_stages`` puts stages in force again after a restart.
"""
