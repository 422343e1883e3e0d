"""Problems: mistakes that a person must fix, with the stable codes of docs/problems.md. Pure.

Read ``problem.py`` first. Imports no other part of ``mesh``."""
