"""Other formats to OTLP: Zipkin v2, Jaeger JSON, and the documents of ``spanmesh import``. Pure."""
