"""Cryptographic integrity: hash chain, Merkle tree, signed notes, checkpoints, proofs. Pure.

Read ``chain.py`` first. Imports only the event types and their codec."""
