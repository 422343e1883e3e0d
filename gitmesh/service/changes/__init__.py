"""Changes of the mesh: compare two meshes, plan a change of resources, make it one commit.

``planned_commit`` is where to begin: every change, a rollback too, is planned, looked at and then
committed.
"""
