"""The comparison of two traces (``/compare``)."""
