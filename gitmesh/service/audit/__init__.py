"""Use cases of auditors: verify, prove, sign and back up the event log of a repository.

They open the log and the repository for ``gitmesh.audit``, which does the work. Begin with
``verification_request``. ``gitmesh.cli`` and ``gitmesh.json_shapes`` may import it.
"""
