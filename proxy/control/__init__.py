"""The sidecar and the control plane.

``xds_client`` registers the sidecar and keeps a stream open; ``mirror`` is its copy of what the mesh
sends: endpoints, weights, routes, its inbound policy. ``registration`` is
the state that all workers of one instance share; ``health`` checks the application; ``admin`` serves
the admin port, ``prometheus`` its numbers.
"""
