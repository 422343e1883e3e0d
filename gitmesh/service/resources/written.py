"""A resource as it is written in a commit: its document, comments and all."""

from dataclasses import dataclass

from events.types import CommitId
from gitmesh.service.changes.manifest_edits import manifest_of
from mesh.keys import ResourceKey
from mesh.reading.native import native_document
from mesh.reading.tags import Tags, tags_of
from mesh.resource import Resource
from mesh.tidy.formatting import document_text
from mesh.tidy.replacing import document_of
from reconciler.git.repository import GitRepository
from reconciler.reading.tree import SpecTree


@dataclass(frozen=True, slots=True)
class WrittenResource:
    """A resource and the text of its document."""

    commit: CommitId
    resource: Resource
    text: str
    """Its document; of one that a Kubernetes manifest defines, the one that it would have here."""
    tags: Tags
    is_manifest: bool
    """True if a Kubernetes manifest defines it."""

    @property
    def path(self) -> str:
        """Return the file that it is in."""
        return self.resource.source.path


def written_resource(
    repo: GitRepository, commit: CommitId, tree: SpecTree, key: ResourceKey
) -> WrittenResource | None:
    """Return a resource as a commit has it; None if the commit does not have it.

    :raises GitmeshError: the file cannot be read.
    """
    resource = tree.graph.get(key)
    if resource is None:
        return None
    path = resource.source.path
    blob = repo.read_blob(tree.files[path].entry.blob)
    is_manifest = manifest_of(tree, resource) is not None
    text = (
        document_text(native_document(resource))
        if is_manifest
        else document_of(path, blob, resource)
    )
    return WrittenResource(commit, resource, text, tags_of(path, blob, key), is_manifest)
