"""``gitmesh.yaml``, the settings of a repository. Read from each commit, like the specs."""

import json
from typing import Annotated, Final

from pydantic import ConfigDict, Field, Strict, ValidationError
from pydantic_core import ErrorDetails

from mesh.graph.mesh_settings import MeshSettings
from mesh.parsing.document import read_documents
from mesh.problems.problem import Problem
from mesh.problems.suggestion import did_you_mean
from mesh.resource import Source

SETTINGS_FILE: Final = "gitmesh.yaml"
"""Its only path: the repository's root, whatever ``root`` says."""

_Folder = Annotated[str, Strict(), Field(max_length=1024, pattern=r"^[^/](.*[^/])?$")]
_Glob = Annotated[str, Strict(), Field(max_length=256, pattern=r"^[^!].*$")]


class RepositorySettings(MeshSettings):
    """Settings of a repository: which files are specs, and traffic settings."""

    model_config = ConfigDict(extra="forbid")

    root: _Folder | None = None
    """Folder of the specs, such as ``meshes/prod``; without it, the whole tree."""
    ignore: Annotated[tuple[_Glob, ...], Field(max_length=100)] = ()
    """Files to leave out, in the manner of ``.gitignore``.

    ``*`` and ``?`` match anything but ``/``, ``**`` matches anything. A pattern without ``/``
    matches the name of a file or folder at any depth; one with ``/`` is a path from the
    repository's root. A matching folder is left out with its content; ``/`` at the end matches only
    folders. ``!`` is not supported.
    """

    @property
    def mesh(self) -> MeshSettings:
        """The settings that change what proxies receive."""
        return MeshSettings.model_construct(
            **{name: getattr(self, name) for name in MeshSettings.model_fields}
        )

    @property
    def scope(self) -> tuple[str | None, tuple[str, ...]]:
        """The settings that select which files are read."""
        return self.root, self.ignore


DEFAULT_SETTINGS: Final = RepositorySettings()


def read_settings(blob: bytes, path: str = SETTINGS_FILE) -> RepositorySettings | list[Problem]:
    """Return the settings in a file, or all its problems. Never raises."""
    reading = read_documents(path, blob)
    if reading.problems:
        return list(reading.problems)
    if len(reading.documents) > 1:
        second = reading.documents[1].source
        return [
            second.problem(
                (), "settings", "the settings must be one document; this is a second one"
            )
        ]
    if not reading.documents:
        return DEFAULT_SETTINGS
    document = reading.documents[0]
    try:
        # JSON mode, because a list in a file is a tuple in the model.
        return RepositorySettings.model_validate_json(json.dumps(document.body))
    except ValidationError as error:
        details = error.errors(include_url=False)
        return sorted(_problem(detail, document.source) for detail in details)


def _problem(detail: ErrorDetails, source: Source) -> Problem:
    steps = tuple(detail["loc"])
    name = str(steps[-1]) if steps else SETTINGS_FILE
    known = sorted(f.alias or name for name, f in RepositorySettings.model_fields.items())
    if detail["type"] == "extra_forbidden":
        hint = did_you_mean(name, known) or f"known here: {', '.join(known)}"
        return source.problem(steps, "unknown-field", f'there is no setting "{name}"', hint=hint)
    hint = _HINTS.get(str(steps[0]), "") if steps else ""
    return source.problem(steps, "settings", f"{name}: {detail['msg']}", hint=hint)


_HINTS: Final = {
    "root": "name a folder from the root of the repository: meshes/prod",
    "ignore": 'list patterns such as "docs/", "*.example.yaml"; there is no "!"',
}
