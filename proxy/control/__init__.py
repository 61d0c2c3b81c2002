"""The sidecar's side of the control plane.

``xds_client`` registers the sidecar and keeps a stream open; ``mirror`` is its copy of the resources it
is sent: endpoints, weights, routes, its inbound policy. ``registration`` joins the parts that an instance
has once, whatever the number of its processes: that stream, ``health``, which checks the application, and
the export. ``admin`` serves the admin port, ``prometheus`` its numbers.
"""
