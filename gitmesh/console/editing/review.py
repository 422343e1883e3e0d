"""What a proposal would do: changes in words, documents, whom it concerns, problems."""

import json
from dataclasses import dataclass, replace

from pydantic import ValidationError

from events.store import EventReader
from events.types import MeshEvent
from gitmesh.access.permission import Permission
from gitmesh.console.editing.file_diff import DiffLine, diff_lines
from gitmesh.console.editing.proposal import Proposal, ProposedChange
from gitmesh.queries.blast_radius import BlastRadius
from gitmesh.rendering.narration import narrate
from gitmesh.service.changes.draft import Draft
from gitmesh.service.resources.change import ResourceChanges
from mesh.keys import ResourceKey
from mesh.problems.problem import Problem, errors
from mesh.reading.native import native_document
from mesh.resource import Resource, spec_from_json
from mesh.spec import MeshSpec


@dataclass(frozen=True, slots=True)
class FileReview:
    """One changed file."""

    path: str
    is_new: bool
    is_gone: bool
    hunks: list[list[DiffLine]]


@dataclass(frozen=True, slots=True)
class Review:
    """A proposal on the present tip of the branch."""

    proposal: Proposal
    draft: Draft
    changes: tuple[MeshEvent, ...]
    radius: BlastRadius
    files: tuple[FileReview, ...]
    problems: tuple[Problem, ...]
    """All problems of the mesh afterwards that are errors, or new."""

    @property
    def words(self) -> tuple[str, ...]:
        """Return each change as a line of text."""
        return tuple(narrate(each) for each in self.changes)

    @property
    def is_valid(self) -> bool:
        """Return whether the commit would be accepted."""
        return not errors(self.problems)

    @property
    def is_nothing(self) -> bool:
        """Return whether the files already are as proposed."""
        return not self.draft.files


def review_of(
    changes: ResourceChanges, log: EventReader, permission: Permission, proposal: Proposal
) -> Review:
    """Return what a proposal would do now. Nothing is written.

    :raises UsageError: a document has a form that can only be changed by hand.
    :raises GitmeshError: the repository cannot be read.
    """
    wanted = readable(proposal)
    draft = changes.draft(lambda _: wanted.wanted())
    connected = {
        key: number
        for node, number in log.connected_nodes().items()
        if permission.may_read(key := ResourceKey.parse(node))
    }
    found = draft.difference(connected)
    files = tuple(
        FileReview(
            each.path, each.before is None, each.after is None, diff_lines(each.before, each.after)
        )
        for each in draft.files
    )
    return Review(proposal, draft, found.changes, found.radius, files, draft.problems)


def readable(proposal: Proposal) -> Proposal:
    """Return a proposal in which a spec that is none of its kind is a document's text.

    So its mistakes become problems with a place, as those of a pushed file do.
    """
    return replace(proposal, changes=tuple(map(_readable, proposal.changes)))


def _readable(change: ProposedChange) -> ProposedChange:
    if change.spec is None:
        return change
    try:
        spec_from_json(change.key, change.spec)
    except ValidationError:
        return ProposedChange(change.key, text=document_of(change))
    return change


def document_of(change: ProposedChange) -> str:
    """Return a document with a spec that need not be valid, as JSON, which is YAML, too."""
    empty = native_document(Resource(change.key, MeshSpec()))
    return json.dumps({**empty, "spec": change.spec or {}}, ensure_ascii=False, indent=2) + "\n"
