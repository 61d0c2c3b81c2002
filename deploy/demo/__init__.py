"""An example shop of plain services behind sidecars, with a load and, on request, a fault.

``shop`` is the services themselves: standard library alone, nothing of tracing but that
incoming headers are passed on. ``load`` is their users. ``app`` starts it all: ``spanmesh up``,
then each service with its sidecar, then the load, then the fault.
"""
