"""The query API (port 16686): the graph, traces, logs and decisions of the mesh, as JSON over HTTP.

``jaeger``    Jaeger's v1 and v3 APIs, HTTP and gRPC
``tempo``     Tempo's API
``traceql``   the query language, text to SQL
``search``    search of stored traces in any order, page by page
``analysis``  what differs between traces, windows and services
``logs``      log records of a trace or a service
``mesh``      graph, services, endpoints, decisions, stages: live or from stored edges

Our own routes are declared in ``proxy.contract.api`` and served by ``serving``: parameters are read by
``params``, the answer comes from engine memory (windows that reach now) or from ``sql`` through
``bounded_reader``, and is returned in a declared type. ``replies`` renders JSON and Jaeger's envelope,
``errors`` are named by what the caller should do, ``app`` holds all routes.
"""
