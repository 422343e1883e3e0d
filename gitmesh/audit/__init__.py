"""Checks of the log: verification, checkpoints, proofs, signing keys.

Begin with ``verification``. ``gitmesh.service``, ``gitmesh.server`` and skins may import it.
"""
