"""The policy of the mesh, read from ``mesh.yaml``."""
