"""What reading a source of specs needs, and the ways it can fail for now."""

from typing import NewType, Protocol

from mesh.errors import Retryable

ObjectId = NewType("ObjectId", str)
"""Id of a tree or a blob, in lower-case hex."""


class SourceUnavailable(Retryable):
    """The repository cannot be read as it should now; ``reason`` is a stable word for why."""

    def __init__(self, reason: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class ObjectMissing(SourceUnavailable):
    """An object that another one names is not in the repository."""

    def __init__(self, oid: str, obstacle: SourceUnavailable | None = None) -> None:
        if obstacle is None:
            super().__init__("object-missing", f"object {oid} is not in the repository")
        else:
            words = f"object {oid} cannot be read: {obstacle.message}"
            super().__init__(obstacle.reason, words, hint=obstacle.hint)


class ObjectTooBig(SourceUnavailable):
    """An object is larger than anything sensible of its kind, and was not loaded."""

    def __init__(self, oid: str, size: int) -> None:
        super().__init__("object-too-big", f"object {oid} has {size} bytes")


class Objects(Protocol):
    """The objects of a repository, by id."""

    def read_tree(self, tree: ObjectId) -> bytes:
        """Return a tree object's bytes.

        :raises ObjectTooBig: the tree is too large to be loaded.
        :raises ObjectMissing: the tree is not there.
        """

    def blob_bytes(self, blob: ObjectId) -> int:
        """Return the size of a blob without loading it.

        :raises ObjectMissing: the blob is not there.
        """

    def read_blob(self, blob: ObjectId) -> bytes:
        """Return a blob's bytes. Ask for its size first: it may be huge.

        :raises ObjectMissing: the blob is not there.
        """
