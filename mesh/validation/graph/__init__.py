"""Rules between resources: one module for each kind. Read ``route.py`` first.

Each rule is a pure function from the graph and one resource to findings about that resource. It
reads the resources that it refers to, its parent and its children, and at most a virtual service's
provider; :func:`mesh.linking.relink` relies on that to know which resources to check again.
"""
