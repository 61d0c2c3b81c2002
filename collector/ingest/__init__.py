"""The way of an export request into the store.

``pipeline`` examines a request and tells the engine; ``admission`` bounds what may wait;
``recent_requests`` recognises one sent again; ``journal`` makes it durable in the ``spool``; ``drain``
takes segments of the spool through ``signal_inserts`` into ClickHouse and moves what ClickHouse
rejects to ``dead_letters``.
"""
