"""A branch on another host, followed through a mirror: a bare repository on this machine.

The git command talks to the remote, because it supports all transports and kinds of credentials.
Everything else reads the mirror, like any other repository. Read :mod:`reconciler.remote.mirror`
first. Only ``gitmesh`` imports this package.
"""
