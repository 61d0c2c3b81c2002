"""The sidecar and the control plane.

``xds_client`` registers the sidecar and receives endpoints, weights and routes; ``registration`` is
the state that all workers of one instance share; ``health`` checks the application; ``admin`` serves
the admin port.
"""
