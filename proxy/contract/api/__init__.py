"""The schema of our own query API: every route with its parameters and the type of its reply.

``units``       annotations of fields: microseconds, milliseconds, shares
``graph``       replies about the graph: nodes, edges, endpoints, series
``decisions``   replies about decisions and stages
``analysis``    replies that compare: windows, services, traces
``search``      replies about stored traces and log records
``storage``     the reply about the store
``parameters``  kinds of query parameters, from text to value
``route``       a route: method, path, parameters, reply
``mesh_routes``, ``trace_routes``  the routes about the graph and about stored traces
``routes``      all of them, with those about the collector
``openapi``     the routes as an OpenAPI document

The collector's handlers return these types, the dashboard and ``spanmesh status`` parse them, so that a field
is named in one place. Only pydantic validates and describes them, which the data plane does not have on its
path: ``python -m proxy`` must not import this package.
"""
