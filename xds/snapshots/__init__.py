"""Snapshots: immutable, versioned by content, built per node and cached.

Read ``snapshot.py`` first."""
