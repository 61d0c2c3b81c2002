"""The ADS server: snapshots out to sidecars, Envoy and gRPC clients; nodes in from them.

``snapshot``  services and policies as they are now, with a version
``scope``     decides which part of a snapshot a node is sent
``catalog``   a snapshot encoded once, and the resources of a scope
``session``   the state of one stream: pure, over ``proxy.contract.xds``
``server``    the gRPC edge

A snapshot becomes a catalog, a catalog becomes responses session by session, each within the scope of its
node; requests go the other way and register their node with the engine.
"""
