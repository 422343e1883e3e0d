"""Hook scripts of a repository: their text, installation, and options.

Read ``scripts.py`` first. The work of the hooks is in ``gitmesh.push``.
"""
