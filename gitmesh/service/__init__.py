"""Use cases: what the command line, the API and the console can do.

Imports ``gitmesh.queries``; never a skin."""
