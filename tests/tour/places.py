"""Where pages type their commands: folders with the sample mesh, and what else is said here."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from gitmesh.demo.sample import sample_repo
from tests.tour.night import told


def _nothing(folder: Path) -> None:
    shutil.copytree(sample_repo(), folder / "sample-repo")


def _night(folder: Path) -> None:
    _nothing(folder)
    told(folder)


PLACES: Final[Mapping[str, Callable[[Path], None]]] = {"nothing": _nothing, "night": _night}
"""``nothing``: the sample mesh alone. ``night``: also ``shop.git``, whose log tells a story."""
