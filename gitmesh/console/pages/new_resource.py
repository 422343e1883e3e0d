"""Create a resource of any kind: choose the kind, name the resource, and go on to its form.

The answers are in the URL. Nothing is written here: the form of the new resource is the page that
edits it, with a review before the commit.
"""

from collections.abc import Mapping
from typing import Final

from gitmesh.console import paths
from gitmesh.console.forms.field import form_of
from gitmesh.console.visit import Answer, Redirect, View, Visit
from gitmesh.console.web.localisation import mark
from mesh.errors import UsageError
from mesh.keys import Kind, ResourceKey

_NAMES: Final = ("mesh", "parent", "name")
_CONTAINERS: Final = {
    Kind.ROUTE: mark("Virtual router"),
    Kind.GATEWAY_ROUTE: mark("Virtual gateway"),
    Kind.SERVICE_INSTANCES: mark("Namespace"),
}
"""Labels of what contains a resource, besides its mesh."""
Problems = Mapping[str, tuple[UsageError, ...]]
"""Why an answer is wrong, by its name."""


def new_resource(visit: Visit) -> Answer:
    """Return the page that asks for a kind and a name; once they fit, go on to the form."""
    kind = next((each for each in Kind if each.value == visit.query.get("kind")), None)
    given = {name: visit.query.get(name, "").strip() for name in _NAMES}
    if kind is None:
        kinds = [(each, form_of(each).inner("spec")) for each in Kind]
        return View("new_resource.html", {"paths": paths, "kinds": kinds, "answers": given})
    problems: Problems = {}
    if "name" in visit.query:
        problems = _problems(visit, kind, given)
        if not problems:
            return Redirect(paths.edit_path(_key(kind, given)))
    found = sorted(visit.served.listing.names().keys)
    keys = [key for _, key in found if visit.caller.permission.may_read(key)]
    values = {
        "paths": paths,
        "kind": kind,
        "asked": _asked(kind),
        "container": _CONTAINERS.get(kind, ""),
        "answers": given,
        "problems_of": lambda name: problems.get(name, ()),
        "meshes": sorted({key.mesh for key in keys}),
        "parents": sorted({key.name for key in keys if key.kind is kind.parent}),
    }
    return View("name_resource.html", values, 422 if problems else 200)


def _asked(kind: Kind) -> tuple[str, ...]:
    """Return the names of the answers that a kind needs."""
    if kind is Kind.MESH:
        return ("name",)
    return _NAMES if kind.within else ("mesh", "name")


def _key(kind: Kind, given: Mapping[str, str]) -> ResourceKey:
    if kind is Kind.MESH:
        return ResourceKey.of_mesh(given["name"])
    parent = given["parent"] if kind.within else ""
    return ResourceKey.of(kind, given["mesh"], given["name"], parent)


def _problems(visit: Visit, kind: Kind, given: Mapping[str, str]) -> Problems:
    words = visit.words
    if missing := [name for name in _asked(kind) if not given[name]]:
        return {name: (UsageError(words._("This needs an answer.")),) for name in missing}
    key = _key(kind, given)
    if not visit.caller.permission.may_write(key):
        return {"name": (UsageError(words._("You may not create {name}.").format(name=key)),)}
    if visit.served.changes.present().graph.get(key) is not None:
        return {"name": (UsageError(words._("{name} is there already.").format(name=key)),)}
    return {}
