"""Places the parts of a topology: columns from callers to called, few crossings, short edges.

``layered.py`` lays out one connected part in the steps of Sugiyama, Tagawa and Toda (1981):
columns (``ranking.py``), order inside each (``ordering.py``), heights (``placement.py``).
``packing.py`` puts the parts beside one another. ``placed.py`` has the values that come out.
"""
