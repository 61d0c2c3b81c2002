"""The sidecar: the data plane beside one service.

Inbound: client → ``listener`` → ``connection`` → the application.
Outbound: application → ``listener`` → ``router`` (which service, which arm) → ``balancer``
(which endpoint) → ``pool`` → upstream. Both: ``record`` turns the facts of a request into a
span and a histogram entry, ``export`` ships them as OTLP. ``feed`` brings endpoints, weights
and ejections from the mesh. ``app`` composes the parts. ``contract`` is what the control
plane shares. Nothing here imports another package of ours.
"""
