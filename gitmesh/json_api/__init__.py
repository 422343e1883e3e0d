"""The JSON API beside App Mesh's: what App Mesh never had, in the shapes of the commands' --json.

A skin over ``gitmesh.service``, as the command line is. ``operations`` is where to begin: the table
of all operations. Nothing imports it but the server process.
"""
