"""Use cases that read the mesh chain: the mesh at a moment, origins of values, events.

Read ``served_state.py`` first. The command line, the APIs and the console may import it.
"""
