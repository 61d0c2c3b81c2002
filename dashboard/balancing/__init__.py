"""The balancing page (``/balancing``): weights, ejections with their evidence, stages and their effect."""
