"""Hook scripts of a repository: their text, installation, and options.

Read ``scripts.py`` first. What the hooks do is in ``gitmesh.push``."""
