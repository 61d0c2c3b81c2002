"""OTLP requests, checked and taken apart. Pure: no I/O, no clock.

``body``               bytes of a request, protobuf or JSON, to a protobuf message
``jsonform``           the rules of OTLP/JSON
``utf8``               repair of texts in protobuf
``values``             attributes as texts, limits, refusals, and the checks of ids and times
``stored_values``      values as the store keeps them, a text and a type, and back
``traces``             spans: which are refused, and what the topology graph needs of the others
``nested_attributes``  bytes, lists and maps among the attributes of spans, made text and type
``metrics``            points to columns of otel_metrics_*
``logs``               log records to columns of otel_logs
``samples``            what sidecars measured, to the samples of the topology engine

Bytes come in through ``body``. For each signal a module refuses the items that cannot be stored and counts
them by reason (OTLP's partial success). ``metrics`` and ``logs`` also make the columns, once the request has
left the spool; spans become columns in ClickHouse itself (``collector.clickhouse.spans``), because a loop in
Python over spans costs nine times as much.
"""
