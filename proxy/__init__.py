"""The sidecar: the data plane beside one service.

A request: ``listener`` → ``connection`` (a client, its bytes through ``http1``) → ``exchange`` (one
request and its response) → a direction → ``pool`` → ``connection_upstream`` (``http1_response``).
``inbound`` forwards to the application; ``outbound`` asks ``router`` (which service, which arm) and
``balancer`` (which endpoint, with a ``breaker`` each). ``headers`` reads a head in one pass, ``wire``
writes it again, ``tracecontext`` continues its trace, ``errors`` names what can go wrong.

A measurement: ``record`` turns the facts of a request into a span (``otlp``) and a histogram entry
(``meter``), ``metrics`` and ``vitals`` add what is open now, ``export`` ships both to the mesh.

``feed`` brings endpoints, weights and ejections back. ``health`` watches the application, ``admin``
shows everything, ``config`` is what one sidecar is told, ``app`` composes the parts. ``contract`` is
what the control plane shares. Nothing here imports another package of ours.
"""
