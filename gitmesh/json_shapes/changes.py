"""JSON shapes of changes: previews, differences between meshes, rollbacks, and their blast
radius."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NotRequired, TypedDict

from events.encoding.codec import encode
from events.types import Event
from gitmesh.json_shapes.pins import PinShape, pin_shape
from gitmesh.json_shapes.problems import ProblemShape, problem_shapes
from mesh.canonical import Json, JsonObject

if TYPE_CHECKING:  # a preview is shown without what the others need
    from gitmesh.queries.blast_radius import BlastRadius
    from gitmesh.service.changes.change_set import ChangeSet
    from gitmesh.service.changes.change_set_request import PlannedChange
    from gitmesh.service.changes.compared_meshes import NamedMesh
    from gitmesh.service.changes.difference import Difference
    from gitmesh.service.changes.rollback_request import RollbackResult
    from gitmesh.service.specs.preview import Preview
    from xds.translate.compare import EnvoyChange


class ChangeShape(TypedDict):
    """One change, as an event of the mesh chain that is not written yet."""

    kind: str
    subject: str
    data: JsonObject


class PreviewShape(TypedDict):
    """Answer of ``plan``."""

    accepted: bool
    against: str
    events: list[ChangeShape]


class BlastRadiusShape(TypedDict):
    """Extent of a change."""

    services: list[str]
    nodes: list[str]
    ofServices: int
    ofNodes: int
    proxies: int | None


class EnvoyChangeShape(TypedDict):
    """One Envoy resource of one node, before and after; ``None`` where it does not exist."""

    node: str
    type: str
    name: str
    before: Json
    after: Json


class DifferenceShape(TypedDict):
    """Answer of ``diff``."""

    before: str
    after: str
    changes: list[ChangeShape]
    blastRadius: BlastRadiusShape
    envoy: NotRequired[list[EnvoyChangeShape]]


class RollbackShape(TypedDict):
    """Answer of ``rollback``."""

    commit: str | None
    to: str
    before: str
    reverts: list[str]
    only: list[str]
    changes: list[ChangeShape]
    blastRadius: BlastRadiusShape
    reach: str | None
    pinned: PinShape | None
    push: str | None


class StagedCallShape(TypedDict):
    """A staged call, which waits for its commit."""

    effect: str
    resource: str


class ChangeSetShape(TypedDict):
    """Calls that are staged together."""

    name: str
    author: str
    calls: list[StagedCallShape]


class ChangeListShape(TypedDict):
    """Answer of ``change list`` and ``change discard``."""

    staged: list[ChangeSetShape]


class PlannedChangeShape(TypedDict):
    """Answer of ``change show`` and ``change commit``."""

    change: ChangeSetShape
    commit: str | None
    before: str
    problems: list[ProblemShape]
    changes: list[ChangeShape]
    blastRadius: BlastRadiusShape


class RefusedRollbackShape(TypedDict):
    """Answer of ``rollback`` when the resulting mesh would have errors."""

    to: str
    problems: list[ProblemShape]


def change_shapes(events: Iterable[Event]) -> list[ChangeShape]:
    """Return events that are not written yet."""
    encoded = map(encode, events)
    return [{"kind": each.kind, "subject": each.subject, "data": each.data} for each in encoded]


def preview_shape(found: "Preview") -> PreviewShape:
    """Return the events that a commit would add to the log."""
    return {
        "accepted": not found.rejected,
        "against": found.against,
        "events": change_shapes(found.events),
    }


def blast_radius_shape(radius: "BlastRadius") -> BlastRadiusShape:
    """Return the extent of a change."""
    return {
        "services": [str(key) for key in radius.services],
        "nodes": [str(key) for key in radius.nodes],
        "ofServices": radius.of_services,
        "ofNodes": radius.of_nodes,
        "proxies": radius.proxies,
    }


def difference_shape(
    before: "NamedMesh",
    after: "NamedMesh",
    found: "Difference",
    envoy: "Sequence[EnvoyChange] | None" = None,
) -> DifferenceShape:
    """Return the difference of two meshes; with ``envoy``, that of Envoy's configuration, too."""
    shape: DifferenceShape = {
        "before": before.label,
        "after": after.label,
        "changes": change_shapes(found.changes),
        "blastRadius": blast_radius_shape(found.radius),
    }
    if envoy is not None:
        shape["envoy"] = [_envoy_change(each) for each in envoy]
    return shape


def rollback_shape(result: "RollbackResult") -> RollbackShape | RefusedRollbackShape:
    """Return a rollback, or the problems that prevented it."""
    rollback, step = result.rollback, result.next_step
    if result.difference is None:
        return {"to": rollback.to, "problems": problem_shapes(rollback.planned.errors)}
    return {
        "commit": result.commit,
        "to": rollback.to,
        "before": rollback.planned.tip,
        "reverts": list(rollback.undone),
        "only": [str(key) for key in rollback.only],
        "changes": change_shapes(result.difference.changes),
        "blastRadius": blast_radius_shape(result.difference.radius),
        "reach": None if step is None else step.reach.value,
        "pinned": None if step is None else pin_shape(step.pin),
        "push": None if step is None else step.push,
    }


def change_list_shape(found: "Sequence[ChangeSet]") -> ChangeListShape:
    """Return change sets in the order given."""
    return {"staged": [_change_set(each) for each in found]}


def planned_change_shape(found: "PlannedChange") -> PlannedChangeShape:
    """Return a change set, and the commit that it would become or became."""
    return {
        "change": _change_set(found.change),
        "commit": found.commit,
        "before": found.planned.tip,
        "problems": problem_shapes(found.planned.errors),
        "changes": change_shapes(found.difference.changes),
        "blastRadius": blast_radius_shape(found.difference.radius),
    }


def _change_set(found: "ChangeSet") -> ChangeSetShape:
    calls: list[StagedCallShape] = [
        {"effect": call.effect.value, "resource": str(call.key)} for call in found.calls
    ]
    author = f"{found.author.name} <{found.author.email}>"
    return {"name": found.name, "author": author, "calls": calls}


def _envoy_change(found: "EnvoyChange") -> EnvoyChangeShape:
    return {
        "node": str(found.node),
        "type": found.type,
        "name": found.name,
        "before": found.change.before,
        "after": found.change.after,
    }
