"""The demo: a whole mesh on one machine, with real Envoys, that follows a git repository.

Not part of the server. It is a guided tour and an end-to-end test.
"""
