"""App Mesh's Kubernetes form: objects of ``appmesh.k8s.aws``, read in place.

An object alone does not define a resource: its mesh, and the App Mesh names of the objects it
refers to, are defined by *other* objects. So reading has two steps. :mod:`.form` reads one document
into a :class:`~mesh.kubernetes.objects.Manifest`, with every problem of its shape. :mod:`.resolve`
makes resources of it, given an :class:`~mesh.kubernetes.index.Index` of all objects, and returns
the objects that it has read, so that a change repeats only the work that depends on it.
"""
