"""OpenTelemetry's wire into ours, pure: no I/O, no clock.

``body``     bytes of a request (protobuf or JSON) to a protobuf message
``jsonform`` OTLP/JSON to protobuf
``values``   attributes as the store keeps them, and the checks ids and times must pass
``traces``   spans to columns of otel_traces, and to what the graph needs of them
``metrics``  points to columns of otel_metrics_*
``logs``     log records to columns of otel_logs
``zipkin``   Zipkin's spans to OTLP, with ``zipkin_json`` and ``zipkin.proto`` for its two encodings
``documents`` traces in files to OTLP, with ``jaeger_json`` and ``loose`` (JSON that others wrote)
``samples``  what a sidecar measured, to the words of the topology engine

Bytes come in through ``body``; ``traces`` and ``metrics`` turn the message into columns and count
what they had to leave out; ``samples`` turns the same message into measurements.
"""
