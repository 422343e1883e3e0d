"""The command line: parses options, calls ``gitmesh.service`` or ``gitmesh.queries``, and renders.

Read ``program.py`` first. No other package imports it.
"""
