"""Series over time from spans: TraceQL's metrics, ``{ … } | rate() by(name)`` (docs/traceql.md).

``steps``       the intervals that values are of
``statements``  a metric as SQL; ``comparison`` that of compare()
``series``      series from the answers: labels, values, exemplars; ranks and thresholds
``operation``   arithmetic between series
``metrics``     runs queries for series
"""
