"""HTTP client of the App Mesh API, at AWS or at a gitmesh server, and of the JSON API.

Read ``endpoint.py`` first. The client signs requests as AWS clients do. It shares the table of
operations with the server, in
:mod:`gitmesh.api.operations`, and no other code of the server.
"""
