"""Several collectors on one ClickHouse server as one mesh.

``sync`` writes what this collector knows and reads what others wrote, ``rows`` decides what of it is
news (pure), ``stored_stages`` puts stages in force again after a restart.
"""
