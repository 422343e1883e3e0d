"""A proposal on the newest commit, when others have changed the same resources meanwhile.

Their changes and ours are merged field by field; what both changed is asked, never overwritten.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from events.types import CommitId
from gitmesh.console.editing.proposal import Proposal, ProposedChange
from gitmesh.console.editing.texts import body_of, with_document
from gitmesh.console.forms.merge import Collision, Merged, Picks, Side, merged
from gitmesh.console.forms.steps import steps_of
from gitmesh.service.resources.change import NO_COMMIT, ResourceChanges
from gitmesh.service.resources.written import WrittenResource
from mesh.canonical import JsonObject
from mesh.errors import GitmeshError
from mesh.keys import ResourceKey
from mesh.problems.problem import json_path
from mesh.resource import spec_json


@dataclass(frozen=True, slots=True)
class Asked:
    """A part that both sides changed."""

    name: str
    """Name of its form field."""
    key: ResourceKey
    where: str
    """JSON path in the document."""
    collision: Collision


@dataclass(frozen=True, slots=True)
class Rebased:
    """A proposal, and what has happened to its resources since it was made."""

    proposal: Proposal
    """On the newest commit, with the changes of others in it."""
    asked: tuple[Asked, ...] = ()
    """Questions that the person has to answer."""
    taken: tuple[str, ...] = ()
    """Parts that others changed, and that are in the proposal now."""
    gone: tuple[ResourceKey, ...] = ()
    """Resources that others have removed: the proposal adds them again."""

    @property
    def has_moved(self) -> bool:
        """Return whether the proposal is not what it was."""
        return bool(self.asked or self.taken or self.gone)


def rebased(
    changes: ResourceChanges, proposal: Proposal, picks: Mapping[str, str] | None = None
) -> Rebased:
    """Return a proposal on the newest commit.

    :param picks: decisions by the name of a collision's form field: ``mine`` or ``theirs``.
    :raises GitmeshError: the repository cannot be read.
    """
    tip = changes.tip()
    found = replace(proposal, base=tip)
    if tip == proposal.base:
        return Rebased(found)
    asked, taken, gone = list[Asked](), list[str](), list[ResourceKey]()
    made = list[ProposedChange]()
    for at, each in enumerate(proposal.changes):
        theirs, base = changes.written(each.key), _base(changes, each.key, proposal.base)
        if theirs is None or each.removes:
            gone += [each.key] if theirs is None and base is not None else []
            taken += [str(each.key)] if _differ(base, theirs) else []
            made.append(each)
            continue
        merge = _merge(each, base, theirs, _picks(picks or {}, at))
        asked += _asked(each.key, at, merge)
        taken += [f"{each.key} {json_path(('spec', *steps))}" for steps in merge.taken]
        made.append(_on(each, base, theirs, merge))
    return Rebased(replace(found, changes=tuple(made)), tuple(asked), tuple(taken), tuple(gone))


def _base(changes: ResourceChanges, key: ResourceKey, commit: str) -> WrittenResource | None:
    try:
        return changes.written(key, CommitId(commit)) if commit != NO_COMMIT else None
    except GitmeshError:
        return None  # a commit that is gone, after a rewrite of history


def _differ(base: WrittenResource | None, theirs: WrittenResource | None) -> bool:
    return base is not None and theirs is not None and base.resource != theirs.resource


def _picks(picks: Mapping[str, str], at: int) -> Picks:
    lead = f"pick.{at}."
    return {
        steps_of(name.removeprefix(lead)) if name != lead else (): Side(side)
        for name, side in picks.items()
        if name.startswith(lead) and side in ("mine", "theirs")
    }


def _merge(
    change: ProposedChange, base: WrittenResource | None, theirs: WrittenResource, picks: Picks
) -> Merged:
    return merged(_spec(base), _spec(theirs), _mine(change, base, theirs.path), picks)


def _spec(written: WrittenResource | None) -> JsonObject:
    return {} if written is None else spec_json(written.resource.spec)


def _mine(change: ProposedChange, base: WrittenResource | None, path: str) -> JsonObject:
    if change.spec is not None:
        return change.spec
    body = body_of(path, change.text or "")
    spec = None if body is None else body.get("spec", {})
    return spec if isinstance(spec, dict) else _spec(base)


def _asked(key: ResourceKey, at: int, merge: Merged) -> Iterable[Asked]:
    for each in (*merge.open, *merge.decided):
        name = f"pick.{at}.{'.'.join(map(str, each.steps))}"
        if each in merge.open:
            yield Asked(name, key, json_path(("spec", *each.steps)), each)


def _on(
    change: ProposedChange, base: WrittenResource | None, theirs: WrittenResource, merge: Merged
) -> ProposedChange:
    """Return the change with the merged spec: in our text if more than the spec was typed."""
    if change.text is None:
        return replace(change, spec=merge.document)
    if base is not None and theirs.text == base.text:
        return change
    document: JsonObject = {"spec": merge.document}
    mine: JsonObject = {"spec": _mine(change, base, theirs.path)}
    only_spec = base is not None and (
        with_document(base.path, base.text, base.resource, mine) == change.text
    )
    text = theirs.text if only_spec else change.text
    return replace(change, text=with_document(theirs.path, text, theirs.resource, document))
