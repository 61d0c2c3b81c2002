"""The query API (port 16686): what the mesh saw and decided, as JSON over HTTP.

``jaeger``    Jaeger's v1 and v3 APIs, HTTP and gRPC
``tempo``     Tempo's API
``traceql``   the query language, text to SQL
``search``    search of stored traces in any order, page by page
``analysis``  what differs between traces, windows and services
``logs``      log records of a trace or a service
``mesh``      graph, services, endpoints, decisions, stages: live or from stored edges

A request is parsed by ``params``, answered from engine memory (windows that reach now) or by SQL
through ``bounded_reader``, and rendered by ``replies``; ``errors`` are named by what the caller should
do. ``app`` holds the routes.
"""
