"""A service's routes as people read them: what they match, and how they split. Pure.

Read ``routes.py`` first. The pages are ``gitmesh/console/pages/traffic.py`` and ``shift.py``.
"""
