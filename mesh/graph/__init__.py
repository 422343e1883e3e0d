"""The linked mesh: resources, references between them, ports, matching order, and findings. Pure.

Read ``mesh_graph.py`` first. May import ``mesh.spec``, ``mesh.problems`` and the nouns in
``mesh/``."""
