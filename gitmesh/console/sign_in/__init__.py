"""Sign-in: who may come in, how they prove it, and the sessions of those who did.

Read first: ``entrance.py`` (cookies, sessions, CSRF checks), then ``endpoints.py``.
"""
