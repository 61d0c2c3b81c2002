"""The receivers of telemetry: OTLP over gRPC and over HTTP, Zipkin over HTTP, one file for each.

A receiver reads a ``body`` within the limits (``inflate``), hands it to ``collector.ingest`` and answers
when it is durable. ``answer`` is the one table from what became of a request to the codes of each wire.
"""
