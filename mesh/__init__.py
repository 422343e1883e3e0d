"""Specs, keys, resources, problems, and the graph that links resources. Pure: no I/O, no clock."""
