"""The App Mesh API: HTTP in, use cases of ``gitmesh.service``, AWS's JSON out.

One of the interfaces, like the command line; only the server process imports it. Read
``operations.py`` first: the table of all operations.
"""
