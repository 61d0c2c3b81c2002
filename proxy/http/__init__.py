"""HTTP through the sidecar, as messages: heads, data, ends with trailers, resets and credit.

A request's way through the package:

``http1.client_connection``    parses bytes (``requests``), starts an exchange for each request
``exchange``                   passes messages from the client's stream to an upstream's and back
``call``                       where each attempt goes, what follows a failed one, its facts
``inbound``, ``outbound``      the direction: chooses a destination, records what came of it
``pool``                       leases a stream on a kept connection, or opens one
``affinity``                   keeps the connections that are one client's own
``http1.upstream_connection``  makes bytes (``encoder``) and parses the response (``responses``)

``streams`` is the interface between an exchange and the connections at its ends, ``messages`` the heads
that they exchange. ``refusals`` are the sidecar's own answers, ``forwarded`` adds Via and X-Forwarded-*,
``deadline`` bounds time and ``listener_context`` is what the connections of one listener share. A codec
for another version of HTTP is a package beside ``http1`` with connections of its own.
"""
