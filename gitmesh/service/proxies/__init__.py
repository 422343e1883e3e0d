"""Use cases for one proxy: its configuration, its bootstrap file, and traffic redirection to it.

Begin with ``configuration``. ``gitmesh.cli`` and ``gitmesh.json_shapes`` may import it.
"""
