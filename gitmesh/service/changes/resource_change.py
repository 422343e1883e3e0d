"""Change of resources: new specs for some of them, as one commit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from events.types import CommitId
from gitmesh.service.changes.planned_commit import PlannedCommit, planned_commit
from gitmesh.service.changes.spec_edits import SpecEdits
from gitmesh.service.changes.unrequested_changes import forbid_unrequested_changes
from mesh.canonical import JsonObject
from mesh.errors import UsageError
from mesh.graph.mesh_graph import MeshGraph
from mesh.importing.layout import distinct, path_by, path_of
from mesh.keys import ResourceKey
from mesh.parsing.document import read_documents
from mesh.reading.native import native_document, read_resources
from mesh.reading.tags import Tags, written_tags
from mesh.resource import Resource, spec_from_json, spec_json
from mesh.settings import RepositorySettings
from mesh.tidy import document_text
from reconciler.git.repository import GitRepository
from reconciler.git.writing import Contents, write_tree
from reconciler.reading.reader import TreeReader
from reconciler.reading.scope import Scope
from reconciler.reading.tree import EMPTY, SpecTree

REMEDY: Final = "change it by hand: edit the file and push"

SpecChanges = Mapping[ResourceKey, JsonObject | None]
"""The new spec of each resource, with App Mesh's field names; None for a removed resource."""

TagChanges = Mapping[ResourceKey, Callable[[Tags], Tags]]
"""Functions that return the new tags of each resource, given its current tags."""

TextChanges = Mapping[ResourceKey, str]
"""The new text of each resource's document, which holds that resource alone."""


@dataclass(frozen=True, slots=True)
class Mesh:
    """The mesh that is to be changed, with the settings of its repository."""

    graph: MeshGraph
    settings: RepositorySettings
    tree: SpecTree = EMPTY
    """The specs that it was linked from."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Requested changes of resources."""

    specs: SpecChanges = field(default_factory=dict)
    tags: TagChanges = field(default_factory=dict)
    texts: TextChanges = field(default_factory=dict)
    files: Contents = field(default_factory=dict)
    """New content of files that are no specs, by path; None for a removed one."""


def change_resources(
    repo: GitRepository,
    tip: CommitId,
    specs: SpecChanges,
    known: SpecTree = EMPTY,
    tags: TagChanges | None = None,
    reader: TreeReader | None = None,
    texts: TextChanges | None = None,
    files: Contents | None = None,
) -> PlannedCommit:
    """Plan a commit that gives resources new specs, adds or removes some.

    An existing resource is changed in its document, in its current file; a new resource gets its
    own file (see :mod:`mesh.importing.layout`) below the folder ``root`` of gitmesh.yaml. A spec
    that is equal to the current one changes nothing. The resulting mesh may be invalid: the caller
    must check the plan's ``errors``.

    :param known: specs of an earlier commit, from which those of ``tip`` are read with less work.
    :param tags: changes of tags, also of resources whose spec stays; what it raises is raised.
    :param texts: new texts of documents; of one in another form than ours, only the spec is used.
    :param files: new content of files that are no specs, by path.
    :param reader: one that has read earlier commits of the repository.
    :raises UsageError: a resource to remove does not exist, or its document has a form that can
        only be changed by hand.
    :raises pydantic.ValidationError: a spec is none of its kind.
    :raises Fatal: another resource would change, too.
    :raises GitmeshError: the commit cannot be read, or nothing can be written.
    """
    reader, base = reader or TreeReader(repo), repo.tree_of(tip)
    now = reader.read(base, known).tree
    edits, wanted = edited(repo, now, Wanted(specs, tags or {}, texts or {}))
    contents: Contents = {**edits.changed, **(files or {})}
    tree = write_tree(repo, base, contents) if contents else base
    planned = planned_commit(repo, reader, tip, tree, now)
    if not planned.errors:
        # Only if ``now`` has no errors, the plan is relative to it.
        touched = planned.touched if planned.before is now.graph else None
        after = planned.after.graph
        forbid_unrequested_changes(now.graph, after, wanted, remedy=REMEDY, touched=touched)
    return planned


def edited(
    repo: GitRepository, now: SpecTree, changes: Wanted
) -> tuple[SpecEdits, dict[ResourceKey, Resource | None]]:
    """Return the edited files of a commit, and the resources that are to be in them.

    :raises UsageError: a resource to remove does not exist, or its document has a form that can
        only be changed by hand.
    :raises pydantic.ValidationError: a spec is none of its kind.
    """
    wanted = {key: _resource(key, spec) for key, spec in changes.specs.items()}
    edits = SpecEdits(repo, now)
    for key, text in sorted(changes.texts.items()):
        wanted[key] = _retype(edits, now, key, text)
    for key, resource in sorted(wanted.items()):
        if key not in changes.texts:
            _edit(edits, now, key, resource, changes.tags)
    for key in sorted(changes.tags.keys() & now.graph.resources.keys()):
        if wanted.get(key, present := now.graph.resources[key]) is not None:
            edits.retag(present, changes.tags[key])
    return edits, wanted


def _resource(key: ResourceKey, spec: JsonObject | None) -> Resource | None:
    return None if spec is None else Resource(key, spec_from_json(key, spec))


def _retype(edits: SpecEdits, now: SpecTree, key: ResourceKey, text: str) -> Resource | None:
    """Give a document another text; return its resource if that can be read."""
    present = now.graph.get(key)
    path = new_path(key, now) if present is None else present.source.path
    if len(read_documents(path, text.encode()).documents) > 1:
        raise UsageError(f"{key} is one document", hint="remove what is below the line ---")
    read = next((each for each in read_resources(path, text.encode()).resources), None)
    if read is not None and read.key != key:
        raise UsageError(f"the document is one of {read.key} now", hint=f"it must be that of {key}")
    if present is None:
        edits.add(path, text)
    elif read is not None and edits.is_manifest(present):
        edits.set_spec(present, spec_json(read.spec))
    else:
        edits.set_text(present, text)
    return read


def _edit(
    edits: SpecEdits,
    now: SpecTree,
    key: ResourceKey,
    wanted: Resource | None,
    retag: TagChanges,
) -> None:
    present = now.graph.get(key)
    match present, wanted:
        case None, None:
            raise UsageError(f"there is no {key}", hint="gitmesh state shows all resources")
        case None, Resource():
            document = native_document(wanted)
            if key in retag and (found := retag[key]({})):
                document["tags"] = written_tags(found)
            edits.add(new_path(key, now), document_text(document))
        case Resource(), None:
            edits.remove(present)
        case Resource(), Resource() if present != wanted:
            edits.set_spec(present, spec_json(wanted.spec))


def new_path(key: ResourceKey, now: SpecTree) -> str:
    """Return the path of a new resource's file: ``meshes/prod/shop/route/cart/all.yaml``.

    The repository's settings may define another path. A root folder with the name of the mesh is
    the folder of that mesh: ``shop/route/cart/all.yaml``. The path differs from all others by more
    than case.

    :raises UsageError: according to gitmesh.yaml, a file at this path is not a spec file.
    """
    settings = now.listing.settings
    root, template = settings.root or "", settings.new_files
    if template is not None:
        path = "/".join(filter(None, [root, path_by(template, key)]))
    else:
        mesh, _, inside = path_of(key).partition("/")
        above = root if root.rpartition("/")[2] != mesh else root.rpartition("/")[0]
        path = "/".join(filter(None, [above, mesh, inside]))
    if not _is_in_scope(Scope(settings), path.encode()):
        raise UsageError(
            f"a new file {path} would not be read: gitmesh.yaml ignores it",
            hint="write the resource to a file of your own, and push it",
        )
    return path if now.holds_only(path) else distinct(path, key)


def _is_in_scope(scope: Scope, path: bytes) -> bool:
    folders = path.split(b"/")[:-1]
    above = (b"/".join(folders[:depth]) for depth in range(1, len(folders) + 1))
    return scope.is_spec(path) and all(map(scope.may_hold_specs, above))
