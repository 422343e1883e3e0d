"""Operations that only read. Handlers block; each returns a shape of ``gitmesh.json_shapes``."""

from bisect import bisect_right
from itertools import islice
from operator import itemgetter
from typing import Final
from urllib.parse import unquote

from events.types import Chain
from gitmesh.access.visibility import (
    visible_commit,
    visible_proxies,
    visible_state,
)
from gitmesh.access.visible_problems import visible_problems
from gitmesh.json_api.asking import Asked, absent
from gitmesh.json_api.errors import bad_request, not_found
from gitmesh.json_shapes.changes import DifferenceShape, difference_shape
from gitmesh.json_shapes.delivery import StatusShape, status_shape
from gitmesh.json_shapes.history import (
    CommitShape,
    OriginsShape,
    StateShape,
    commit_line_shape,
    commit_shape,
    origins_shape,
    refused_push_shape,
    state_shape,
)
from gitmesh.json_shapes.problems import problem_shapes
from gitmesh.json_shapes.proxies import ProxiesShape, proxies_shape
from gitmesh.json_shapes.resources import (
    HistoryShape,
    ProblemsOfTipShape,
    ResourceShape,
    ResourcesShape,
    resource_shape,
)
from gitmesh.queries.logged_mesh import logged_mesh
from gitmesh.queries.requested_commit import RefusedPush
from gitmesh.service.changes.compared_meshes import NamedMesh
from gitmesh.service.changes.difference import difference
from gitmesh.service.changes.resource_change import Wanted
from gitmesh.service.delivery.connected import ConnectedProxies, connected
from gitmesh.service.delivery.status import awaited_status
from gitmesh.service.delivery.visible_status import visible_status
from gitmesh.service.history.commit_history import logged_commits
from gitmesh.service.history.event_selection import EventSelection
from gitmesh.service.history.field_origins import field_origins
from gitmesh.service.history.served_state import ServedState, served_state
from gitmesh.service.history.shown_commit import shown_commit
from gitmesh.service.resources.description import describe
from mesh.keys import Kind, ResourceKey
from mesh.problems.problem import errors

MOST_RESOURCES: Final = 500
MOST_COMMITS: Final = 500
_PARTIAL_COMMITS: Final = 5_000
"""Maximum number of commits that are searched for a caller who may not see all of them."""


def resources(asked: Asked) -> ResourcesShape:
    """Return resources in the order of their keys."""
    names, may_read = asked.served.listing.names(), asked.caller.permission.may_read
    kind, mesh = _kind(asked.query.get("kind")), asked.query.get("mesh")
    within = asked.query.get("within")
    top = None if within is None else asked.readable(within)
    limit = asked.number("limit", MOST_RESOURCES, MOST_RESOURCES)
    begin = bisect_right(names.keys, asked.query.get("after", ""), key=itemgetter(0))
    wanted = (
        (text, key)
        for text, key in islice(names.keys, begin, None)
        if kind in (None, key.kind)
        and mesh in (None, key.mesh)
        and (top is None or key == top or text.startswith(f"{top}/"))
        and may_read(key)
    )
    found = list(islice(wanted, limit + 1))
    described = [describe(asked.log, key) for _, key in found[:limit]]
    shown = [each for each in described if each is not None]
    tags = asked.served.tags.of_each(each.key for each in shown)
    return {
        "seq": names.seq,
        "commit": names.commit,
        "resources": [resource_shape(each, tags.get(each.key, {})) for each in shown],
        "next": found[limit - 1][0] if len(found) > limit else None,
    }


def resource(asked: Asked) -> ResourceShape:
    """Return one resource."""
    name = asked.name
    if name.lower().startswith("mesh%2f"):  # a client that encodes the whole name, as OpenAPI's do
        name = unquote(name)
    key = asked.readable(name)
    found = describe(asked.log, key)
    if found is None:
        raise absent(key)
    return resource_shape(found, asked.served.tags.of(key) or {})


def state(asked: Asked) -> StateShape:
    """Return the mesh that was served at a moment."""
    found = served_state(asked.log, asked.served.repo, asked.query.get("at"))
    name = asked.query.get("resource")
    seen = visible_state(found.state, asked.caller.permission)
    if not asked.reads_all:  # a pin's reason may name anything
        found = ServedState(seen, None, None, None, "")
    kept = dict(sorted(seen.resources.items()))
    if name is not None:
        top = asked.readable(name)
        kept = {k: v for k, v in kept.items() if k == top or str(k).startswith(f"{top}/")}
        if not kept:
            raise absent(top)
    return state_shape(found, kept)


def history(asked: Asked) -> HistoryShape:
    """Return the newest commits, the oldest of them first."""
    limit = asked.number("limit", 20, MOST_COMMITS)
    query, permission = asked.query, asked.caller.permission
    name = query.get("resource")
    if name is not None:
        asked.readable(name)
    selection = EventSelection(
        resource=name,
        author=query.get("author"),
        since=query.get("since"),
        until=query.get("until"),
    ).query(asked.log, asked.served.repo)
    looked = limit if permission.reads_all else _PARTIAL_COMMITS
    found = (
        visible_commit(each, permission) for each in logged_commits(asked.log, selection, looked)
    )
    commits = [commit_line_shape(each) for each in found if each is not None]
    return {"commits": commits[-limit:]}


def commit(asked: Asked) -> CommitShape:
    """Return all that the log contains about a commit."""
    found = shown_commit(asked.log, asked.served.repo, asked.name)
    if isinstance(found, RefusedPush):
        if asked.reads_all:
            return refused_push_shape(found)
    elif (seen := visible_commit(found, asked.caller.permission)) is not None:
        return commit_shape(seen)
    raise not_found(f"there is no commit {asked.name!r}")


def blame(asked: Asked) -> OriginsShape:
    """Return the commit that gave each field of a resource its value."""
    key = asked.readable(_required(asked, "resource"))
    field, at = asked.query.get("field", ""), asked.query.get("at")
    return origins_shape(field_origins(asked.log, asked.served.repo, str(key), field, at))


def diff(asked: Asked) -> DifferenceShape:
    """Return the changes between the meshes of two moments, and their blast radius."""
    names = _required(asked, "before"), asked.query.get("after")
    before, after = (_mesh(asked, name) for name in names)
    proxies = asked.log.connected_nodes()
    keys = {ResourceKey.parse(node): number for node, number in proxies.items()}
    seen = {k: n for k, n in keys.items() if asked.caller.permission.may_read(k)}
    return difference_shape(before, after, difference(before.graph, after.graph, seen))


def status(asked: Asked) -> StatusShape:
    """Return whether a commit was applied, and which proxies have it."""
    served, name = asked.served, asked.query.get("commit")
    if not asked.reads_all:
        name = _visible(asked, name) if name is not None else _served(asked)
    found = awaited_status(served.repo, served.log_path, name)
    return status_shape(visible_status(found, asked.caller.permission))


def _visible(asked: Asked, name: str) -> str:
    found = shown_commit(asked.log, asked.served.repo, name)
    if not isinstance(found, RefusedPush):
        seen = visible_commit(found, asked.caller.permission)
        if seen is not None and seen.about is not None:
            return seen.about.facts.commit
    raise not_found(f"there is no commit {name!r}")


def _served(asked: Asked) -> str:
    """Return the served commit: the branch's tip may be one that was refused."""
    found = served_state(asked.log, asked.served.repo, None).state.commit
    if found is None:
        raise not_found("no mesh is served yet")
    return found


def proxies(asked: Asked) -> ProxiesShape:
    """Return the connected proxies."""
    found = connected(asked.served.log_path, asked.query.get("node"))
    seen = visible_proxies(found.proxies, asked.caller.permission)
    return proxies_shape(ConnectedProxies(seen, found.server_runs))


def problems(asked: Asked) -> ProblemsOfTipShape:
    """Return the problems of the branch's newest commit."""
    # A plan that changes nothing: the specs of the tip, read by what differs from those known.
    planned = asked.served.changes.plan(lambda _: Wanted())
    tip, tree = planned.tip, planned.after
    seen = visible_problems(tree.problems, tree.files, asked.caller.permission).shown
    return {"commit": tip, "ok": not errors(seen), "problems": problem_shapes(seen)}


def _mesh(asked: Asked, moment: str | None) -> NamedMesh:
    found = served_state(asked.log, asked.served.repo, moment).state
    graph = logged_mesh(visible_state(found, asked.caller.permission))
    at = f"mesh chain at {asked.log.head(Chain.MESH).seq if moment is None else found.seq}"
    return NamedMesh(f"{moment or 'now'} ({(found.commit or 'no commit')[:7]}, {at})", graph)


def _required(asked: Asked, name: str) -> str:
    found = asked.query.get(name)
    if not found:
        raise bad_request(f"the parameter {name} is missing")
    return found


def _kind(text: str | None) -> Kind | None:
    if text is None:
        return None
    try:
        return Kind(text)
    except ValueError:
        raise bad_request(f"there is no kind {text!r}", f"one of {', '.join(Kind)}") from None
