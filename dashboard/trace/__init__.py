"""The page of one trace (``/traces/ID``) and of uploaded traces (``/upload``)."""
