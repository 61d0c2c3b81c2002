"""The live graph of calls between services, each call counted once.

``call_attribution`` assigns measurements to edges. ``span_pairing`` finds edges in spans of services without
a sidecar: ``kept_spans`` has them as trees, ``seen_spans`` knows those that come again, ``span_roles`` and
``message_roles`` read from attributes what a span calls (``exchanges``, ``peer_address``), ``node_use``
knows which spans about queues and databases count, ``span_edges`` makes the edges.
``known_nodes`` has services by address and the kinds of nodes, ``connections`` pairs opaque TCP connections,
``window`` keeps mergeable counts, ``spread`` divides late ones over time, ``figures`` makes rates and
percentiles of them, ``traffic_queries`` reads them and ``root_cause`` names the dependency behind a fault.
"""
