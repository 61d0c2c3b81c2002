"""xDS v3 as both ends of a stream use it: names, resources and bookkeeping. Pure.

``protocol``        names on the wire: types of resources, methods, heartbeats
``messages_pb2``    the part of Envoy's API that spanmesh speaks, under Envoy's field numbers
``protobuf``        parsing of messages and durations, and the error for a bad resource
``clusters``        a service as a cluster (CDS), and the pass-through cluster
``assignments``     a service's endpoints with weight and health (EDS)
``routes``          stage, timeout and retries of every service, in one route configuration (RDS)
``inbound``         policy for the calls a sidecar takes in, a type of our own
``nodes``           the identity and state of a sidecar
``resource_types``  the table of all types: how each is decoded, stored and ordered
``subscriptions``   versions, nonces and acknowledgements of one type on one stream

A resource is encoded deterministically, so that equal services give equal bytes. What xDS has no field
for is metadata under the key ``spanmesh``.
"""
