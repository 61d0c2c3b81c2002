"""``spanmesh import``: traces in files, read and sent to a collector."""
