"""Where telemetry arrives: OTLP over gRPC and over HTTP, Zipkin over HTTP, one file for each transport.

A transport reads bytes within the limits, hands them to ``collector.ingest`` and answers when the
rows are committed. ``answer`` is the one table from what became of a request to the
codes of each wire.
"""
