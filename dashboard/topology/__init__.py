"""The topology page (``/``): the live graph, its filter, and the panel beside it."""
