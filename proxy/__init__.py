"""The sidecar: the data plane beside one service.

A request flows through these packages from left to right, a measurement from top to bottom:

``sockets``    outgoing connections, DNS, socket options, batched writes; ``contract.transport`` opens them
``http``       client connection -> exchange -> upstream connection, inbound and outbound; codecs in ``http1``
``tcp``        intercepted connections: protocol detection, original destination, opaque bytes
``routing``    which service, arm and endpoint: router, balancer, breaker, retries
``telemetry``  the facts of a call as a span and a histogram entry, exported over OTLP
``control``    registration with the mesh: xDS client, health check; the admin port
``workers``    several processes as one instance: framing, a worker's link, the pool of workers
``contract``   names, messages and arithmetic that both planes share

``app`` composes one sidecar, ``supervisor`` one of several worker processes, ``config`` holds its
settings and ``errors`` names what can go wrong. Nothing here imports another package of ours.
"""
