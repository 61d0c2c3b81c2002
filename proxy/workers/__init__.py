"""Several worker processes as one sidecar instance.

Each worker reports through its ``link`` to the supervisor, which holds a handle of each in a
``worker_pool``; ``frames`` delimits the messages between them.
"""
