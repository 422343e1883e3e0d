"""Use cases of auditors: verify, prove, sign and back up the event log of a repository.

They bring the log, the repository and key files together; ``gitmesh.audit`` does the work. Begin
with ``log_verification``. ``gitmesh.cli`` and ``gitmesh.json_shapes`` may import it.
"""
