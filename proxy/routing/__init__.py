"""Where a request goes.

``router`` turns an authority into a service, an arm and an endpoint; ``balancer`` picks the endpoint,
with one ``breaker`` each; ``retry`` decides whether a failed attempt is followed by another within a
budget counted by ``rolling_window``; ``dns_cache`` remembers which names exist outside the mesh. No
module here opens a socket but ``dns_cache``.
"""
