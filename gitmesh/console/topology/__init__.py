"""The page Topology: who calls whom, and with which weights?

Read first: ``page.py``. ``asked.py`` is what the address says; ``table.py`` the same as rows.
"""
