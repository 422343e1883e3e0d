"""Documents of new resources, as ``gitmesh new`` writes them.

Read ``new_document.py`` first; ``starting_point.py`` has the first content of each kind.
"""
