"""The folder of shift documents in a commit.

A module of its own, because every server looks for the folder, and most repositories have none: the
models of the documents are loaded only where there is one.
"""

from typing import Final

from reconciler.reading.source import ObjectId, Objects, ObjectTooBig
from reconciler.reading.tree_object import Malformed, lookup

FOLDER: Final = ".gitmesh/shifts"
_FOLDERS: Final = tuple(f"{part}/".encode() for part in FOLDER.split("/"))


def folder_of(objects: Objects, tree: ObjectId) -> ObjectId | None:
    """Return the tree of the folder of shifts; None if a commit has none.

    :raises SourceUnavailable: an object cannot be read.
    """
    at = tree
    for name in _FOLDERS:
        try:
            found = lookup(objects.read_tree(at), name)
        except (Malformed, ObjectTooBig):
            return None
        if found is None:
            return None
        at = ObjectId(found[1].hex())
    return at
