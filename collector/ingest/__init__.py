"""The way of an export request into the store: examined, counted by the engine, durable, answered, stored.

``pipeline``         examines a request, passes its facts to the engine and waits until it is durable
``admission``        bounds the bytes of requests that are not durable yet
``recent_requests``  recognises a request that its sender repeats
``journal``          appends requests to the spool, many in one write, and acknowledges them
``spool``            the durable queue on disk, in files of the format that ``segment_file`` defines
``drain``            takes the spool's segments into ClickHouse, in order
``signal_inserts``   the inserts of each signal
``dead_letters``     requests that ClickHouse rejects, kept in files

Three threads of one worker each take what would stop the event loop: the pipeline's decodes large requests,
the journal's waits for the disk, and the writer's (``collector.clickhouse.writer``) waits for ClickHouse. One
each, because none may wait for another: a slow ClickHouse must not delay acknowledgements, nor a slow disk
the engine. And one only, because order matters (segments, inserts) and Python runs one thread at a time.
"""
