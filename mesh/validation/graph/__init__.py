"""Rules that no document can break alone: one module for each kind of resource.

Each rule is a pure function from the graph and one resource to findings about that resource. It
looks at what the resource names, at its parent and its children, and no further than a virtual
service's provider; :func:`mesh.linking.relink` relies on that to know whom to ask again.
"""
