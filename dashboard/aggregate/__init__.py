"""Many traces of one operation as one tree (``/aggregate``)."""
