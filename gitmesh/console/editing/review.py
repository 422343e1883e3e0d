"""Review of a proposal: its changes, documents, blast radius and problems, for one visitor."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from gitmesh.access.permission import Permission
from gitmesh.access.visible_problems import VisibleProblems, visible_problems
from gitmesh.console.editing.file_diff import DiffLine, diff_lines
from gitmesh.console.editing.proposal import Proposal, ProposedChange
from gitmesh.console.shown_changes import Change, changes_of
from gitmesh.console.shown_mesh import visible_difference
from gitmesh.console.visit import Visit
from gitmesh.queries.blast_radius import BlastRadius
from gitmesh.service.changes.draft import Draft
from mesh.keys import ResourceKey
from mesh.problems.problem import Problem
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
    """A proposal on the present tip of the branch, as far as the visitor may see it."""

    proposal: Proposal
    draft: Draft
    changes: tuple[Change, ...]
    radius: BlastRadius
    files: tuple[FileReview, ...]
    permission: Permission
    """That of the visitor."""

    @property
    def problems(self) -> VisibleProblems:
        """Return the errors, and the new warnings, of the mesh as it would be."""
        return self._visible(self.draft.problems)

    def problems_of(self, key: ResourceKey) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
        """Return the problems in the document of a resource, and all others that may be seen."""
        mine, others = self.draft.problems_of(key)
        return self._visible(mine).shown, self._visible(others).shown

    @property
    def is_valid(self) -> bool:
        """Return whether the commit would be accepted."""
        return not self.draft.errors

    @property
    def is_nothing(self) -> bool:
        """Return whether the files already are as proposed."""
        return not self.draft.files

    def _visible(self, problems: Sequence[Problem]) -> VisibleProblems:
        return visible_problems(problems, self.draft.after.files, self.permission)


def review_of(visit: Visit, proposal: Proposal) -> Review:
    """Return what a proposal would do now. Nothing is written.

    :raises UsageError: a document has a form that can only be changed by hand.
    :raises GitmeshError: the repository cannot be read.
    """
    wanted = readable(proposal)
    draft = visit.served.changes.draft(lambda _: wanted.wanted())
    found = visible_difference(visit, draft.before.graph, draft.after.graph)
    files = tuple(
        FileReview(
            each.path, each.before is None, each.after is None, diff_lines(each.before, each.after)
        )
        for each in draft.files
    )
    changes = changes_of(found.changes)
    return Review(proposal, draft, changes, found.radius, files, visit.caller.permission)


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
