"""Documents to start from: what ``gitmesh new`` writes.

Begin with ``new_document``; ``starting_point`` has the first content of each kind.
"""
