"""HTTP through the sidecar: one client connection, one exchange for each request, one upstream.

``client_connection`` parses requests (``http1.requests``) and starts an ``exchange`` for each. The
exchange asks its direction (``inbound`` or ``outbound``) where to go, takes a connection from the
``pool`` and passes both bodies on; ``response_writer`` writes what the ``upstream_connection``
received. ``headers`` reads a head in one pass, ``forwarded`` adds Via and X-Forwarded-*, ``deadline``
bounds time, ``protocols`` names what the parts expect of each other and ``listener_context`` is what
the connections of one listener share.
"""
