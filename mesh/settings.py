"""``gitmesh.yaml``, the settings of a repository. Read from each commit, like the specs."""

import json
import re
from typing import Annotated, Final

from pydantic import AfterValidator, ConfigDict, Field, Strict, ValidationError
from pydantic_core import ErrorDetails

from mesh.graph.mesh_settings import MeshSettings
from mesh.parsing.document import read_documents
from mesh.problems.problem import Problem
from mesh.problems.suggestion import did_you_mean
from mesh.resource import Source
from mesh.spec.common import Spec

SETTINGS_FILE: Final = "gitmesh.yaml"
"""Path of the settings file: always in the repository's root, even if ``root`` is set."""

PLACEHOLDERS: Final = ("mesh", "kind", "parent", "name")
"""Placeholders that the path template of new files may contain."""

_Folder = Annotated[str, Strict(), Field(max_length=1024, pattern=r"^[^/](.*[^/])?$")]
_AccountId = Annotated[str, Strict(), Field(pattern=r"^[0-9]{12}$")]
_Quota = Annotated[int, Strict(), Field(ge=0)]


def _is_template(text: str) -> str:
    plain = text
    for name in PLACEHOLDERS:
        plain = plain.replace(f"{{{name}}}", "x")
    parts = plain.split("/")
    if re.search(r"[{}\x00-\x1f\x7f]", plain) or any(
        part.startswith(".") or not part for part in parts
    ):
        raise ValueError("not a path of these placeholders and of folders that are not hidden")
    if not plain.endswith((".yaml", ".yml")):
        raise ValueError("the files are YAML: end it in .yaml")
    return text


_Template = Annotated[str, Strict(), Field(max_length=512), AfterValidator(_is_template)]
_Glob = Annotated[str, Strict(), Field(max_length=256, pattern=r"^[^!].*$")]


class Quotas(Spec):
    """Quotas of the App Mesh API: maximum numbers of resources; None means no limit."""

    meshes: _Quota | None = None
    virtual_services: _Quota | None = None
    """In each mesh, as for nodes, routers and gateways."""
    virtual_nodes: _Quota | None = None
    virtual_routers: _Quota | None = None
    virtual_gateways: _Quota | None = None
    routes: _Quota | None = None
    """In each virtual router."""
    gateway_routes: _Quota | None = None
    """In each virtual gateway."""
    backends: _Quota | None = None
    """In each virtual node."""


class RepositorySettings(MeshSettings):
    """Settings of a repository: which files are specs, traffic settings, and those of the API."""

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
    account_id: _AccountId | None = None
    """The AWS account in ARNs; ``gitmesh serve --account-id`` overrides it."""
    new_files: _Template | None = None
    """Path of a resource that the API creates, below ``root``: ``{mesh}/{kind}/{name}.yaml``.

    ``{parent}`` is also allowed: the virtual router or gateway of a route. If the file exists, the
    resource is added at its end.
    """
    quotas: Quotas = Quotas()
    """Limits for the API."""

    @property
    def mesh(self) -> MeshSettings:
        """The settings that change the configuration of proxies."""
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
    model = Quotas if steps[:1] == ("quotas",) else RepositorySettings
    known = sorted(f.alias or name for name, f in model.model_fields.items())
    if detail["type"] == "extra_forbidden":
        hint = did_you_mean(name, known) or f"known here: {', '.join(known)}"
        return source.problem(steps, "unknown-field", f'there is no setting "{name}"', hint=hint)
    hint = _HINTS.get(str(steps[0]), "") if steps else ""
    words = detail["msg"].removeprefix("Value error, ")
    return source.problem(steps, "settings", f"{name}: {words}", hint=hint)


_HINTS: Final = {
    "root": "name a folder from the root of the repository: meshes/prod",
    "accountId": 'twelve digits in quotes: "123456789012"',
    "newFiles": 'write it like "{mesh}/{kind}/{parent}/{name}.yaml"',
    "quotas": "whole numbers: {virtualNodes: 200}",
    "ignore": 'list patterns such as "docs/", "*.example.yaml"; there is no "!"',
}
