"""Types of the JSON that commands print with ``--json`` and the JSON API returns ("shapes").

Read ``events.py`` first; ``page.py`` generates docs/json.md. May import use cases and lower layers.
Fields may be added, but are never renamed or removed.
"""
