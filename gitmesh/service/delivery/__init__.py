"""Use cases about proxies: status of a commit, waiting for it, pins, the connected proxies.

``status`` is where to begin. May be imported by command line, API and console.
"""
