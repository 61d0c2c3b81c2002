"""The sidecar: the data plane beside one service.

A request: ``listener`` → ``connection`` (a client, its bytes through ``http1``) → ``exchange`` (one
request and its ``reply``) → a direction → ``pool`` → ``connection_upstream`` (``http1_response``).
``inbound`` forwards to the application; ``outbound`` asks ``router`` (which service, which arm) and
``balancer`` (which endpoint, with a ``breaker`` each), and tries elsewhere as ``retry`` and
``deadline`` allow (``rolling`` counts for budget and breaker). ``headers`` reads a head in one pass,
``wire`` writes it again, ``tracecontext`` continues its trace, ``forwarded`` adds Via and
X-Forwarded-* where asked for, ``outbox`` sends together what one turn of the loop wrote, ``errors``
names what can go wrong.

An intercepted connection enters by ``gate``: ``original`` says where it was going, ``detect`` whether it
carries HTTP; what does not passes as ``opaque`` bytes to where ``carriers`` say, and becomes one span
(``record_connection``).

``instance`` is what there is one of: health, line to the mesh, export. Of several workers each is a sidecar
whose telemetry and view go through a ``channel``: ``worker`` is its end, ``crew`` the other, and ``parent``
composes the instance.

A measurement: ``record`` turns the facts of a request into a span (``otlp``) and a histogram entry
(``meter``), ``metrics`` and ``vitals`` add what is open now, ``export`` ships both to the mesh.

``feed`` brings endpoints, weights and ejections back. ``health`` watches the application, ``admin``
shows everything, ``config`` is what one sidecar is told, ``app`` composes the parts. ``contract`` is
what the control plane shares. Nothing here imports another package of ours.
"""
