"""The collector's query API as the dashboard uses it: ``client`` asks, the rest are replies as types."""
