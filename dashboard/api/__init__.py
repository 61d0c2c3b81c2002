"""The collector's query API as the dashboard uses it.

``client`` asks and parses; ``reply_cache`` shares replies; ``trace`` reads Jaeger's JSON of a trace. The
types of all other replies are those of ``proxy.contract.api``.
"""
