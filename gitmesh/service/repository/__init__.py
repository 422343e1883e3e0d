"""A repository as gitmesh serves it: its creation, its hooks, and the versions that run here.

Begin with ``creation``. ``gitmesh.cli`` and ``gitmesh.json_shapes`` may import it.
"""
