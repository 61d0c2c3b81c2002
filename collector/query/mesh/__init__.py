"""Our own routes about the mesh, answered from the engine's memory or from stored edges."""
