"""Use cases about single resources: read and change them, for the APIs.

Read ``description.py`` first. The command line, the APIs and the console may import it.
"""
