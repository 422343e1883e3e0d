"""What one proxy needs: its configuration, its bootstrap file, and redirects to it.

Begin with ``configuration``. ``gitmesh.cli`` and ``gitmesh.json_shapes`` may import it.
"""
