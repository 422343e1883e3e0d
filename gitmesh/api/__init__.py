"""The App Mesh API: HTTP in, use cases of ``gitmesh.service``, AWS's JSON out.

A skin, beside the command line: nothing imports it but the server process. ``operations`` is where
to begin: the table of all operations.
"""
