"""Conversion of other trace formats to OTLP, so that one path stores them all. Pure.

``zipkin``        Zipkin v2 spans; ``zipkin_json`` and ``zipkin.proto`` read its two encodings
``jaeger_json``   traces in the JSON of Jaeger's UI and API
``documents``     files of ``spanmesh import``: which format a JSON document has, and requests of a fair size
``lenient_json``  typed fields out of JSON that other tools wrote
"""
