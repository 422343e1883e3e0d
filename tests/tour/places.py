"""Where pages type their commands: folders with the sample mesh, and what else is said here."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from gitmesh.demo.sample import sample_repo
from tests.support.identities import Issuer
from tests.tour.night import ENTRANCE, told


def _nothing(folder: Path) -> None:
    shutil.copytree(sample_repo(), folder / "sample-repo")


def _night(folder: Path) -> None:
    _nothing(folder)
    told(folder)


def _issued(folder: Path) -> None:
    _night(folder)
    servers, proxies = (Issuer(folder / "tls", name) for name in ("xds-ca", "proxies"))
    servers.issue("xds", hosts=("xds.shop.example",))
    proxies.issue("entrance", uris=(f"spiffe://shop.example/{ENTRANCE}",))


PLACES: Final[Mapping[str, Callable[[Path], None]]] = {
    "nothing": _nothing,
    "night": _night,
    "issued": _issued,
}
"""``nothing``: the sample mesh alone. ``night``: also ``shop.git``, whose log tells a story.
``issued``: also certificates in ``tls``, of the server and of the gateway's proxy, and who signed
them."""
