"""Evidence about endpoints.

``measurements`` has a record for each endpoint: a ``reporter_view`` for each of its reporters, made of
``tally`` after tally, and running ``averages`` of all. ``report_delay`` tells late reports from those of now,
``peer_tallies`` sets an endpoint beside its peers.
"""
