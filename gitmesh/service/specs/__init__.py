"""Specs that are not served yet: validated, previewed, formatted, imported, tested, started.

Read ``target.py`` first, which reads the specs of a folder or of a revision; ``new`` writes new
ones. Nothing here needs a server; an event log is opened only if the caller names one.
``gitmesh.cli``, ``gitmesh.json_shapes`` and the other use cases may import it.
"""
