"""Reading of specs from a source, a git tree or a directory: files, Kubernetes objects, route
tests.

Read ``reader.py`` first. Bounded against hostile input.
"""
