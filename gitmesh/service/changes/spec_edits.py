"""Edits of the documents of a commit, in their files and formats.

Comments, order, line endings and the rest of each file stay unchanged. Nothing is written to disk:
the result is the new content of the changed files.
"""

from collections.abc import Callable, Iterable, Mapping

from gitmesh.service.changes.manifest_edits import manifest_of, set_manifest_spec
from mesh.canonical import JsonObject
from mesh.errors import UsageError
from mesh.keys import ResourceKey
from mesh.reading.tags import Tags, tags_of
from mesh.resource import Resource, spec_json
from mesh.tidy.replacing import (
    document_of,
    with_document,
    with_spec,
    with_tags,
    with_text,
    without,
)
from mesh.tidy.splicing import Part, is_json, part_of, replaced
from reconciler.git.repository import GitRepository
from reconciler.reading.tree import SpecTree


class SpecEdits:
    """The files of a commit with their new content."""

    def __init__(self, repo: GitRepository, now: SpecTree) -> None:
        self._repo = repo
        self._now = now
        self._changed: dict[bytes, bytes | None] = {}

    @property
    def changed(self) -> Mapping[bytes, bytes | None]:
        """Return the new content of each edited file by path; None for a removed file."""
        return self._changed

    def set_spec(self, resource: Resource, spec: JsonObject) -> None:
        """Replace the spec of an existing resource, in its document.

        :raises NotReplaceable: the document has a format that gitmesh cannot edit.
        """
        path = resource.source.path
        if self._edit_manifest(resource, spec):
            return
        self._set(path, with_spec(path, self._blob(path), resource, spec))

    def set_text(self, resource: Resource, text: str) -> None:
        """Give an existing resource's document another text.

        :raises NotReplaceable: the resource has no document of its own.
        """
        path = resource.source.path
        self._set(path, with_text(path, self._blob(path), resource.key, text))

    def retag(self, resource: Resource, change: Callable[[Tags], Tags]) -> None:
        """Replace the tags of an existing resource, in its document.

        :raises NotReplaceable: the document's format has no tags.
        """
        path = resource.source.path
        blob = self._blob(path)
        before = tags_of(path, blob, resource.key)
        after = change(before)
        if after != before:
            self._set(path, with_tags(path, blob, resource, after))

    def remove(self, resource: Resource) -> None:
        """Remove a resource's document, and its file if that becomes empty.

        :raises NotReplaceable: the resource has no document of its own.
        """
        path = resource.source.path
        if self._edit_manifest(resource, None):
            return
        self._set(path, without(path, self._blob(path), resource.key))

    def is_manifest(self, resource: Resource) -> bool:
        """Return whether an existing resource is defined by a Kubernetes manifest."""
        return manifest_of(self._now, resource) is not None

    def _edit_manifest(self, resource: Resource, spec: JsonObject | None) -> bool:
        """Edit the manifest of a resource; return whether it has a manifest."""
        manifest = manifest_of(self._now, resource)
        if manifest is not None:
            path, blob = resource.source.path, self._blob(resource.source.path)
            self._set(path, set_manifest_spec(self._now, manifest, blob, resource.key, spec))
        return manifest is not None

    def add(self, path: str, document: str) -> None:
        """Add a document at the end of a file, or a new file.

        :raises NotReplaceable: the file's format allows only one document.
        """
        self._set(path, with_document(path, self._current(path), document))

    def restore(self, key: ResourceKey, then: SpecTree) -> None:
        """Give a resource the spec of an earlier commit.

        A resource that did not exist then is removed; a resource that was removed since returns to
        its file.

        :raises UsageError: the resource exists in neither commit, or its document has a format that
            gitmesh cannot edit.
        """
        now, old = self._now.graph.get(key), then.graph.get(key)
        here, there = self._part(self._now, now), self._part(then, old)
        if now != old and any(part and part.is_manifest for part in (here, there)):
            self._splice(key, then, here, there)
            return
        match now, old:
            case None, None:
                raise UsageError(
                    f"there is no {key}, neither now nor then",
                    hint="gitmesh state shows the names of all resources",
                )
            case Resource(), Resource() if now != old:
                self.set_spec(now, spec_json(old.spec))
            case Resource(), None:
                self.remove(now)
            case None, Resource():
                path = old.source.path
                self.add(path, document_of(path, self._read(then, path) or b"", old))

    def _part(self, tree: SpecTree, resource: Resource | None) -> Part | None:
        if resource is None:
            return None
        path = resource.source.path
        made = tree.files[path].resources
        return part_of(path, self._read(tree, path) or b"", resource.key, made)

    def _splice(
        self, key: ResourceKey, then: SpecTree, here: Part | None, there: Part | None
    ) -> None:
        """Restore the manifest of a resource.

        The manifest may exist for other resources, even if it did not or does not define this one.
        """
        here = here or (there and self._beside(self._now, there.keys))
        there = there or (here and self._beside(then, here.keys))
        if here and there and not (here.is_manifest and there.is_manifest):
            raise _irreconcilable(key, "one of the two is a Kubernetes manifest, the other is not")
        now, old = _path(self._now, here), _path(then, there)
        if now and old and is_json(now) != is_json(old):
            raise _irreconcilable(key, f"{now} and {old} are JSON and YAML")
        if here and now:
            text = there.text if there else None
            self._set(now, replaced(now, self._blob(now), here, text))
        elif there and old:
            self.add(old, there.text)

    def _beside(self, tree: SpecTree, keys: Iterable[ResourceKey]) -> Part | None:
        """Return the document that defines one of these resources, if there is one."""
        found = (tree.graph.get(key) for key in sorted(keys))
        return next((self._part(tree, resource) for resource in found if resource), None)

    def _blob(self, path: str) -> bytes:
        return self._current(path) or b""

    def _current(self, path: str) -> bytes | None:
        key = _bytes(path)
        return self._changed[key] if key in self._changed else self._read(self._now, path)

    def _read(self, tree: SpecTree, path: str) -> bytes | None:
        file = tree.files.get(path)
        return None if file is None else self._repo.read_blob(file.entry.blob)

    def _set(self, path: str, text: bytes | None) -> None:
        self._changed[_bytes(path)] = text


def _path(tree: SpecTree, part: Part | None) -> str | None:
    found = tree.graph.get(next(iter(part.keys))) if part else None
    return found.source.path if found else None


def _bytes(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def _irreconcilable(key: ResourceKey, why: str) -> UsageError:
    return UsageError(
        f"{key} is not written today in the form that it had then: {why}",
        hint="change it by hand, or roll back as a whole, without --only",
    )
