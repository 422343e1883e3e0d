"""HTTP client of APIs: App Mesh's, at AWS or at a server of ours. ``endpoint`` is where to begin.

It signs requests as AWS clients do. It shares the table of operations with the server, in
:mod:`gitmesh.api.operations`, and nothing else that answers calls.
"""
