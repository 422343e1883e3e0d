"""Specs out of a source: git trees or directories, files, Kubernetes objects, route tests.

Read ``reader.py`` first. Bounded against hostile input."""
