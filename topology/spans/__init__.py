"""The calls that spans of services without a sidecar prove.

``span_pairing`` makes edges of spans: ``seen_spans`` knows those that come again, ``kept_spans``
has the others as trees, ``span_roles`` and ``message_roles`` read from attributes what a span calls
(``exchanges``, ``peer_address``, ``systems``), ``node_use`` knows which spans about queues and databases
count, ``span_edges`` makes the edges, and ``node_kinds`` knows services from databases, queues and external
nodes.
"""
