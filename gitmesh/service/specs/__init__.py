"""Specs that are not served yet: validated, previewed, formatted, imported, tested, started.

Begin with ``target``, which reads the specs of a folder or of a revision; ``new`` writes new ones.
Nothing here needs a server; an event log is opened only where one is named. ``gitmesh.cli``,
``gitmesh.json_shapes`` and the other use cases may import it.
"""
