"""The server process: reconciler, xDS server, workers and log lines in one task group.

Read ``serve.py`` first."""
