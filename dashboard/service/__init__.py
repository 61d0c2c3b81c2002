"""The page of one service (``/service/NAME``)."""
