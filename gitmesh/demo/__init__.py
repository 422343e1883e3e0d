"""The demo: a whole mesh on one machine, real Envoys and all, that follows a git repository.

Nothing here is part of the server. It is a guided tour, and the end-to-end test.
"""
