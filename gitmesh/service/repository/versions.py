"""Versions of gitmesh and of its dependencies."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

from events.opening import engine

_LIBRARIES: Final = ("grpcio", "pygit2", "envoy-data-plane")


@dataclass(frozen=True, slots=True)
class Versions:
    """Versions by name, and known problems of some of them."""

    components: Mapping[str, str]
    """gitmesh, then Python, the database engine and the libraries."""
    notes: tuple[str, ...]
    """Known problems of these versions, with remedies, as sentences."""


def versions() -> Versions:
    """Return the versions that this process uses."""
    store = engine()
    components = {
        "gitmesh": version("gitmesh"),
        "python": platform.python_version(),
        store.name: store.version,
        **{name: version(name) for name in _LIBRARIES},
    }
    caution = f"{store.name} {store.version} {store.caution}" if store.caution else ""
    return Versions(components, (caution,) if caution else ())
