"""Golden translations: a case is a folder with specs and a proxy's expected configuration.

``case.yaml`` gives the proxy, ``in/`` holds ordinary specs, ``out/`` one YAML file for each xDS
type with resources for the proxy, and ``warnings.txt`` its limitations, if any.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from mesh.linking import MeshGraph, link, with_settings
from mesh.problems.problem import errors
from mesh.reading.native import read_resources
from mesh.settings import SETTINGS_FILE, RepositorySettings, read_settings
from xds.nodes import Client, ProxyIdentity, parse_identity
from xds.translate import Translation, limits, translate
from xds.translate.readable import dump, yaml_text


@dataclass(frozen=True)
class GoldenCase:
    """One folder."""

    folder: Path

    def __str__(self) -> str:
        return self.folder.name

    @cached_property
    def graph(self) -> MeshGraph:
        """The mesh of the case, which must be valid."""
        readings = [
            read_resources(path.name, path.read_bytes())
            for path in sorted((self.folder / "in").glob("*.yaml"))
            if path.name != SETTINGS_FILE
        ]
        graph = link(resource for reading in readings for resource in reading.resources)
        graph = with_settings(graph, self._settings.mesh)
        problems = [problem for reading in readings for problem in reading.problems]
        found = errors([*problems, *graph.problems])
        assert not found, "\n".join(map(str, found))
        return graph

    @property
    def _settings(self) -> RepositorySettings:
        path = self.folder / "in" / SETTINGS_FILE
        settings = read_settings(path.read_bytes() if path.exists() else b"")
        assert isinstance(settings, RepositorySettings), settings
        return settings

    @cached_property
    def proxy(self) -> ProxyIdentity:
        """The proxy of the case."""
        said = yaml.safe_load((self.folder / "case.yaml").read_text())
        return parse_identity(said["node"], said.get("metadata", {}))

    @cached_property
    def translation(self) -> Translation:
        """The translation for the proxy."""
        return translate(self.graph, self.proxy)

    def check(self, *, update: bool) -> None:
        """Compare the translation with ``out/``, or write it there."""
        found = {
            f"{name}.yaml": yaml_text(resources)
            for name, resources in dump(self.translation).items()
            if resources
        }
        if warnings := limits(self.graph, self.proxy):
            found["warnings.txt"] = "".join(f"{each}\n" for each in warnings)
        out = self.folder / "out"
        if update:
            _write(out, found)
        written = {path.name: path.read_text() for path in sorted(out.glob("*"))}
        if written != found:
            # pytest shows where two values differ better than where two texts do.
            assert _parsed(written) == _parsed(found)
            assert written == found


def golden_cases(folder: Path) -> Sequence[GoldenCase]:
    """Return the cases in a folder, by name."""
    return [GoldenCase(path.parent) for path in sorted(folder.glob("*/case.yaml"))]


def golden_cases_of(client: Client, folder: Path) -> Sequence[GoldenCase]:
    """Return the cases in a folder for such a client, by name."""
    return [case for case in golden_cases(folder) if case.proxy.client is client]


def _parsed(files: Mapping[str, str]) -> Mapping[str, Any]:
    return {
        name: yaml.load(text, yaml.CSafeLoader) if name.endswith(".yaml") else text
        for name, text in files.items()
    }


def _write(out: Path, files: Mapping[str, str]) -> None:
    out.mkdir(exist_ok=True)
    for orphan in set(out.iterdir()) - {out / name for name in files}:
        orphan.unlink()
    for name, text in files.items():
        (out / name).write_text(text)
