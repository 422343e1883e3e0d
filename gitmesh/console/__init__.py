"""The console: pages that show the mesh, and change it through commits.

A skin over ``gitmesh.service``, as the two APIs are; nothing imports it but the server process.
Read first: ``table.py`` (all pages), ``visit.py`` (what a page's handler gets and returns), then a
page, such as ``pages/overview.py`` with ``templates/overview.html``. ``application.py`` answers
requests; ``web/`` holds what all pages need: sessions, CSRF tokens, headers, languages, static
files.
"""
