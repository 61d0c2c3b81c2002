"""The parts that both planes share: names, messages and arithmetic, all pure, and the opening of sockets.

``attributes``  the names on the telemetry wire
``traffic``     labels of calls: arms and protocols
``decisions``   decisions, their evidence and its JSON
``histogram``   the mergeable latency histogram both planes count in
``model``       services and endpoints as a sidecar needs them
``xds``         that model to and from xDS v3 resources, and the bookkeeping of both ends of a stream
``protobuf_wire``  varints and length-delimited fields, for messages that are encoded by hand
``option``      the declaration of a setting: flag, variable, help and bounds from one field
``settings``    settings loaded from flags and the environment, checked in full
``transport``   listeners, connections, gRPC and HTTP, in the clear or over TLS; the only part that does I/O

A sidecar measures in ``histogram``, names it by ``attributes`` and exports it;
the control plane answers with a ``model`` carried as ``xds``.
"""
