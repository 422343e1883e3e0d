"""ARNs of resources, as clients send them. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gitmesh.api.errors import bad_request
from mesh.keys import APP_MESH_KINDS, Kind, ResourceKey

_ARN: Final = re.compile(r"arn:[a-z0-9-]+:appmesh:([a-z0-9-]*):([0-9]*):mesh/(.+)", re.DOTALL)
MAX_ARN: Final = 1024


@dataclass(frozen=True, slots=True)
class Arn:
    """The parts of an ARN."""

    text: str
    region: str
    account: str
    keys: tuple[ResourceKey, ...]
    """The keys that the ARN may mean, at least one: there may be several because names may contain
    ``/``."""


def read_arn(text: str) -> Arn:
    """Parse an ARN.

    :raises ApiError: the text is not the ARN of an App Mesh resource.
    """
    found = _ARN.fullmatch(text) if len(text) <= MAX_ARN else None
    if found is None:
        raise bad_request("resourceArn is not the ARN of a resource of App Mesh")
    region, account, names = found.groups()
    return Arn(text, region, account, tuple(_keys(names)))


def _keys(names: str) -> Iterator[ResourceKey]:
    for kind in reversed(APP_MESH_KINDS):
        if kind is Kind.MESH:
            yield ResourceKey.of_mesh(names)
            continue
        for before, name in _splits(names, f"/{kind.segment}/"):
            if not kind.within:
                yield ResourceKey.of(kind, before, name)
                continue
            for mesh, parent in _splits(before, f"/{kind.within}/"):
                yield ResourceKey.of(kind, mesh, name, parent)


def _splits(text: str, word: str) -> Iterator[tuple[str, str]]:
    """Yield the text before and after each occurrence of a word."""
    at = text.find(word, 1)
    while at > 0:
        if after := text[at + len(word) :]:
            yield text[:at], after
        at = text.find(word, at + 1)
