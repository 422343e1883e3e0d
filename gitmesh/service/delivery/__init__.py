"""Use cases about proxies: status of a commit, waiting for it, pins, the connected proxies.

Read ``status.py`` first. The command line, the APIs and the console may import it.
"""
