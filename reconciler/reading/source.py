"""Interface of a source of specs, and its temporary failures."""

from typing import NewType, Protocol

from mesh.errors import Retryable

ObjectId = NewType("ObjectId", str)
"""Id of a tree or a blob, in lower-case hex."""


class SourceUnavailable(Retryable):
    """The repository cannot be read now; ``reason`` is a stable word."""

    def __init__(self, reason: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class ObjectMissing(SourceUnavailable):
    """The repository lacks an object that another object refers to."""

    def __init__(self, oid: str, obstacle: SourceUnavailable | None = None) -> None:
        if obstacle is None:
            super().__init__("object-missing", f"object {oid} is not in the repository")
        else:
            words = f"object {oid} cannot be read: {obstacle.message}"
            super().__init__(obstacle.reason, words, hint=obstacle.hint)


class ObjectTooBig(SourceUnavailable):
    """An object exceeds the size limit of its kind and was not loaded."""

    def __init__(self, oid: str, size: int) -> None:
        super().__init__("object-too-big", f"object {oid} has {size} bytes")


class Objects(Protocol):
    """The objects of a repository, by id."""

    def read_tree(self, tree: ObjectId) -> bytes:
        """Return a tree object's bytes.

        :raises ObjectTooBig: the tree is too large to load.
        :raises ObjectMissing: the tree is missing.
        """

    def blob_bytes(self, blob: ObjectId) -> int:
        """Return the size of a blob without loading it.

        :raises ObjectMissing: the blob is missing.
        """

    def read_blob(self, blob: ObjectId) -> bytes:
        """Return a blob's bytes. Check its size first: it may be huge.

        :raises ObjectMissing: the blob is missing.
        """
