"""Use cases about a served repository: its creation, its hooks, and the installed versions.

Read ``creation.py`` first. ``gitmesh.cli`` and ``gitmesh.json_shapes`` may import it.
"""
