"""The live graph of calls between services, each call counted once.

``call_attribution`` assigns measurements, and the edges that ``topology.spans`` finds, to series of calls.
``known_nodes`` has services by address and the kinds of nodes, ``connections`` pairs opaque TCP connections,
``window`` keeps ``cells`` of mergeable counts, ``spread`` divides late ones over time, ``figures`` makes
rates and percentiles of them, ``traffic_queries`` reads them and ``root_cause`` names the dependency behind a
fault.
"""
