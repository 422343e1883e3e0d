"""App Mesh as Kubernetes spells it: objects of ``appmesh.k8s.aws``, read where they stand.

An object says less than a resource: which mesh it belongs to, and what the things it refers to are
called in App Mesh, is said by *other* objects. So reading has two steps. :mod:`.form` reads a
document by itself into a :class:`~mesh.kubernetes.objects.Manifest`, with every problem of shape;
:mod:`.resolve` makes resources of it, given an :class:`~mesh.kubernetes.index.Index` of all
objects, and tells what it looked at, so that only what depends on a change is done again.
"""
