"""Use cases that read the mesh chain: the mesh at a moment, origins of values, events.

``served_state`` is where to begin. May be imported by command line, API and console.
"""
