"""Use cases: what the command line, the API and the console can do.

Each is a function from values to a value. The interfaces parse options before it, and render its
result.

* ``specs``: validate, preview, format, import, start new specs, test routes
* ``resources``: read and change single resources
* ``changes``: compare meshes, change resources, roll back
* ``history``: read the log: the mesh at a moment, origins of values, events
* ``delivery``: status of proxies, wait, pin, retry
* ``proxies``: translate, bootstrap and intercept for one proxy
* ``audit``: verify, prove, sign and back up the log
* ``repository``: create a repository, install its hooks, list versions

Read ``changes/planned_commit.py`` first. Imports ``gitmesh.queries``, ``gitmesh.audit`` and lower
layers; the interfaces (``gitmesh.cli``, ``gitmesh.api``) and ``gitmesh.json_shapes`` import it.
"""
