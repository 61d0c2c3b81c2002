"""The sidecar and the control plane.

``xds_client`` registers the sidecar and keeps a stream open; ``mirror`` is its copy of what the mesh
sends: endpoints, weights, routes, its inbound policy. ``registration``
joins what an instance has once, whatever the number of its processes: that stream, ``health``, which checks
the application, and the export. ``admin`` serves the admin port, ``prometheus`` its numbers.
"""
