"""Jaeger's query APIs.

``v1`` with ``v1_extras`` and ``v3`` with ``v3_params`` are the HTTP routes, ``grpc_v3`` the gRPC
service. ``spans``, ``otlp_json``, ``span_metrics``, ``clock_skew`` and ``upload``
convert rows, pure.
"""
