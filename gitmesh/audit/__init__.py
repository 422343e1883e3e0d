"""Checks of the log: verification, checkpoints, proofs, signing keys.

Read ``verification.py`` first. ``gitmesh.service``, ``gitmesh.server`` and the interfaces may
import it.
"""
