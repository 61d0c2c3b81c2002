"""The ADS server: snapshots out to sidecars, Envoy and gRPC clients; nodes in from them.

``session``  what one stream holds and is owed: pure, over ``proxy.contract.stream``
``catalog``  a snapshot encoded once for everybody
``server``   the gRPC edge

A snapshot becomes a catalog, a catalog becomes responses session by session; requests go
the other way and register their node with the engine.
"""
