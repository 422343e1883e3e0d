"""Files to typed resources: the forms in which resources are written, and how each is read. Pure.

Read ``native.py`` first. Used by the reconciler, by ``mesh.importing`` and by ``mesh.tidy``."""
