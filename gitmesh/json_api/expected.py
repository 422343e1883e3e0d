"""Resources as a caller has read them, which must still be so when they are changed. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gitmesh.json_api.errors import Refused
from gitmesh.service.changes.resource_change import Mesh, TagChanges
from mesh.canonical import JsonObject
from mesh.keys import ResourceKey
from mesh.reading.tags import Tags
from mesh.resource import spec_json


@dataclass(frozen=True, slots=True)
class Expected:
    """Specs and tags of resources as a caller has read them.

    They are compared with the commit on which the change is made, in the same step.
    """

    specs: Mapping[ResourceKey, JsonObject | None]
    tags: Mapping[ResourceKey, Tags]

    def require(self, now: Mesh) -> None:
        """Check the specs.

        :raises Refused: a resource has another spec, or is gone.
        """
        for key, spec in self.specs.items():
            present = now.graph.get(key)
            if present is None:
                raise Refused(409, f"{key} was deleted meanwhile", "read it again")
            if spec_json(present.spec) != spec:
                raise _changed(key)

    def guarded(self, changes: TagChanges, now: Mesh) -> TagChanges:
        """Return changes of tags that are refused if a resource has other tags than expected."""
        kept: TagChanges = {key: _same for key in self.specs if key in now.graph.resources}
        return {
            key: self._guarded(key, change) if key in self.specs else change
            for key, change in {**kept, **changes}.items()
        }

    def _guarded(self, key: ResourceKey, change: Callable[[Tags], Tags]) -> Callable[[Tags], Tags]:
        def guarded(present: Tags) -> Tags:
            if dict(present) != dict(self.tags.get(key, {})):
                raise _changed(key)
            return change(present)

        return guarded


def _same(tags: Tags) -> Tags:
    return tags


def _changed(key: ResourceKey) -> Refused:
    return Refused(409, f"{key} was changed meanwhile", "read it again")
