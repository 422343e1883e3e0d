"""Sharing: what many proxies get is built once.

A virtual service is called by many nodes, and each of them gets the same clusters and routes for
it. The functions that build these are pure and their messages are never changed, so they may be
remembered; after a commit only what it touched is built again.
"""

from typing import Final

SHARED: Final = 4096
"""How many results of one function are remembered; each is a few kilobytes."""
