"""JSON that commands print with ``--json`` and that the API answers with: each shape once.

Begin with ``events``; ``page`` lists every command's fields for docs/json.md. May import use cases
and what is below them. Fields may be added; none is renamed or removed.
"""
