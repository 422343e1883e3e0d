"""The mesh as a picture for people: who calls whom, over which routes, with which weights. Pure.

Read ``model.py`` first. ``mesh_topology.py`` makes a topology of the linked mesh; others select
from it (``neighbourhood.py``, ``services.py``, ``grouping.py``) or mark what differs between two
(``comparison.py``). ``layout/`` places it, ``drawing/`` writes it as SVG, Mermaid, DOT or text.
Imports only ``mesh`` and :mod:`gitmesh.safe_text`.
"""
