"""HTTP/1.1 on the wire, at both ends of an exchange.

``client_connection`` and ``upstream_connection`` are the connections, each the stream of one exchange at
a time. ``requests`` and ``responses`` turn bytes to messages (llhttp), ``encoder`` messages to bytes, and
``fields`` reads the header fields of both in one pass.
"""
