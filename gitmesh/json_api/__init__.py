"""The JSON API: functions beyond App Mesh's API, in the JSON shapes of the commands' --json.

An interface to ``gitmesh.service``, like the command line; only the server process imports it. Read
``operations.py`` first: the table of all operations.
"""
