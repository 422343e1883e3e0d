"""Changes of the mesh: compare two meshes, plan a change of resources, make it one commit.

Read ``planned_commit.py`` first: every change, including a rollback, is planned, checked and then
committed.
"""
