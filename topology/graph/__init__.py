"""The live graph: who called whom, counted once.

``call_attribution`` decides which measurement counts as which edge, ``span_pairing`` and
``span_peers`` find edges in spans of services without a sidecar, ``connections`` pairs opaque TCP
connections, ``window`` keeps mergeable counts, ``figures`` makes rates and percentiles of them,
``traffic_queries`` reads them and ``root_cause`` names
the dependency behind a fault.
"""
