"""Checks of the log: verification, checkpoints, proofs, signing keys."""
