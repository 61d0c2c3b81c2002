"""Telemetry of the sidecar: recorded for each call, kept within bounds, exported over OTLP.

``call_recorder`` and ``connection_recorder`` turn the facts of a call into a histogram entry
(``meter``) and, when sampled, a span (``otlp``). ``trace_context`` reads and writes trace headers,
``route_template`` bounds the number of routes, ``gauges`` reports what is open now, ``metrics`` builds
the OTLP metrics request and ``exporter`` sends everything within bounds.
"""
