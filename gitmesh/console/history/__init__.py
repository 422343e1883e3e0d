"""Pages about what happened: log, commit, undo, comparison, state at a moment, verification.

Read first: ``entries.py`` (commits as lines), ``log.py`` (the page that shows them). Their
templates are ``templates/history/``.
"""
