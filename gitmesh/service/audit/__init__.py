"""Use cases of auditors: verify, prove, sign and back up the event log of a repository.

They open the log, the repository and key files; ``gitmesh.audit`` does the work. Read
``log_verification.py`` first. ``gitmesh.cli`` and ``gitmesh.json_shapes`` may import it.
"""
