"""The log: what happened to the mesh, append-only, and the state that follows from it."""
