"""The topology engine: measurements in, a live graph and feedback out.

``model``       the types that enter (samples) and leave (graph, endpoints, stages, decisions)
``engine``      one step: measurements -> memory -> ejections and weights -> snapshot
``registry``    the endpoints that exist, from every source that knows some
``graph``       counts by second, attribution of calls to edges
``spans``       the calls that spans of services without a sidecar prove
``evidence``    what each reporter measured of each endpoint in the last seconds
``outliers``    outlier tests, ejection, weights
``rollout``     adoption stages, the effect of routing, the guard
``policy``      ``mesh.yaml``
``federation``  what other collectors found out
``views``       nodes, edges and endpoints as people see them; ``live_view`` reads them off the engine
``xds``         what sidecars are sent; ``xds.server`` is the only module that does I/O

Data enters by ``Engine.calls``, ``opens``, ``connections``, ``spans`` and ``connect`` and leaves by
``Engine.tick`` and the views. Time is an argument everywhere; only ``xds`` reads a clock.
"""
