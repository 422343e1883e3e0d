"""Use cases for one proxy: its configuration, its bootstrap file, and traffic redirection to it.

Read ``configuration.py`` first. ``gitmesh.cli`` and ``gitmesh.json_shapes`` may import it.
"""
