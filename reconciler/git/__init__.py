"""The git repository: refs, objects, commits. The only package that imports pygit2.

Read ``repository.py`` first."""
