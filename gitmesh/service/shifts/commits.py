"""The commit of a shift's action: new weights in the documents of its routes, and its state."""

from collections.abc import Callable, Mapping, Sequence

from events.types import CommitId
from gitmesh.service.changes.resource_change import Mesh, Wanted
from gitmesh.service.shifts.branch import ShiftBranch, Tip
from gitmesh.shifts.decision import Action, Do
from gitmesh.shifts.message import ending
from gitmesh.shifts.reading import Shift, path_of
from gitmesh.shifts.weights import pair, routes_of, stepped, with_weights
from mesh.canonical import JsonObject
from mesh.errors import Retryable
from mesh.graph.mesh_graph import MeshGraph
from mesh.keys import ResourceKey
from mesh.tidy.replacing import with_object


class Outdated(Retryable):
    """The branch has moved since the action was decided."""


def wanted(
    branch: ShiftBranch, tip: Tip, shift: Shift, action: Action, at_start: MeshGraph
) -> Wanted:
    """Return the changes of an action on the commit that it was decided on.

    :param at_start: the mesh before the shift, whose weights an abort restores.
    :raises GitmeshError: the commit cannot be read, or the document cannot be edited.
    """
    specs = dict[ResourceKey, JsonObject]()
    for route in routes_of(shift.document, branch.graph(tip.commit)):
        before = at_start.get(route.key)
        if action.do in (Do.STEP, Do.PROMOTE):
            weights = stepped(route, shift.document.spec, action.share)
        elif action.do is Do.ABORT and before is not None:
            weights = pair(before, shift.document.spec) or stepped(route, shift.document.spec, 0)
        else:
            continue
        specs[route.key] = with_weights(route, shift.document.spec, weights)
    fields = _state(action)
    files = {} if not fields else {path_of(shift.name).encode(): edited(branch, shift, fields)}
    return Wanted(specs, files=files)


def edited(branch: ShiftBranch, shift: Shift, fields: Mapping[str, str | None]) -> bytes:
    """Return a shift's document with other fields of its state; comments stay.

    :raises UsageError: the document cannot be edited.
    """

    def change(body: JsonObject) -> JsonObject:
        kept = {name: value for name, value in body.items() if name not in fields}
        return {**kept, **{name: value for name, value in fields.items() if value is not None}}

    found = with_object(path_of(shift.name), branch.document(shift), lambda _: True, change)
    return found or b""


def guarded(branch: ShiftBranch, tip: Tip, found: Wanted) -> Callable[[Mesh], Wanted]:
    """Return the changes for the commit that they were planned on, and for no other.

    The branch is compared once more under the lock of the one that makes the commit. With the
    compare-and-swap of the branch, no step is made twice, whatever others push meanwhile and
    whenever a server is killed.
    """

    def wanted_at(mesh: Mesh) -> Wanted:
        now = branch.tip()
        if now.commit != tip.commit or mesh.tree.listing.tree != tip.tree:
            raise Outdated("the branch has moved since the step was decided")
        return found

    return wanted_at


def undone(
    branch: ShiftBranch, shift: Shift, action: Action, origin: CommitId
) -> Sequence[CommitId]:
    """Return the commits that an action reverts, newest first.

    :raises GitmeshError: a commit cannot be read.
    """
    return branch.steps_since(shift, origin)[:100] if action.do is Do.ABORT else ()


def _state(action: Action) -> Mapping[str, str | None]:
    if (how := ending(action)) is not None:
        return {"ended": how, "hold": None}
    return {"hold": action.reason[:512]} if action.do is Do.HOLD else {}
