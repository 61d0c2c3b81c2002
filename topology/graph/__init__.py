"""The live graph of calls between services, each call counted once.

``call_attribution`` assigns measurements to edges, ``span_pairing`` and ``span_peers`` find edges in
spans of services without a sidecar, ``connections`` pairs opaque TCP connections, ``window`` keeps
mergeable counts, ``figures`` makes rates and percentiles of them, ``traffic_queries`` reads them and
``root_cause`` names the dependency behind a fault.
"""
