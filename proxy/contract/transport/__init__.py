"""The one place where our processes open sockets: every listener and every connection, with or without TLS.

``peer``        who is at the other end of a connection: address, verified identity, encrypted or not
``tls``         key, certificate and trust of this process, replaceable while it runs
``streams``     TCP listeners and connections on the event loop
``grpc_ports``  gRPC ports and channels
``http_site``   an aiohttp application as a server, ``wsgi_site`` a WSGI application on threads
``http_client`` urllib without proxies for commands, ``http_session`` the same with kept connections

It is the part of the contract that does I/O: both planes and the command must open sockets alike, and
``proxy.contract`` is what all of them may import. Everything is in the clear unless a ``Tls`` is given.
tests/test_tree.py checks that no other module of ours opens a socket.
"""
