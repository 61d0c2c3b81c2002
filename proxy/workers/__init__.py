"""Several worker processes as one sidecar instance.

Each worker sends its telemetry through a ``link`` to the parent, which holds a handle of it in the
``worker_pool``; ``frames`` delimits the messages between them.
"""
