"""Use cases: what the command line, the API and the console can do.

Each is a function from values to a value; skins parse options before it and render its result.

* ``specs``: validate, preview, format, import, start new specs, test routes
* ``resources``: read and change single resources
* ``changes``: compare meshes, change resources, roll back
* ``history``: see what the log says: the mesh at a moment, origins of values, events
* ``delivery``: see and steer what proxies get: status, wait, pin, retry
* ``proxies``: translate, bootstrap and intercept for one proxy
* ``audit``: verify, prove, sign and back up the log
* ``repository``: create a repository, install its hooks, tell versions

Begin with ``changes/planned_commit``. Imports ``gitmesh.queries``, ``gitmesh.audit`` and what is
below them; skins (``gitmesh.cli``, ``gitmesh.api``) and ``gitmesh.json_shapes`` import it.
"""
