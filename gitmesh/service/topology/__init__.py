"""Use cases about pictures of a mesh: which mesh, of which moment, around which resource."""
