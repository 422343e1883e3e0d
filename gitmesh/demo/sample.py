"""The sample repository, and the edits that the demo makes in it."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from mesh.errors import Fatal

ROUTES = "shop/cart/routes.yaml"

_SHARES = """\
        - {{virtualNode: cart-v1, weight: {v1}}}
        - {{virtualNode: {second}, weight: {v2}}}"""


def shares(percent_v2: int, second: str = "cart-v2") -> str:
    """Return the part of the routes file that sets the cart's weights."""
    return _SHARES.format(v1=100 - percent_v2, second=second, v2=percent_v2)


def sample_repo() -> Path:
    """Return the folder of the sample repository: beside the packages, or inside the installed one.

    :raises Fatal: the sample is in neither place.
    """
    package = Path(__file__).resolve().parent.parent
    for candidate in (package.parent / "sample-repo", package / "sample-repo"):
        if (candidate / ROUTES).is_file():
            return candidate
    raise Fatal("the sample repository is missing", hint="install gitmesh again")


def copy_sample(folder: Path, ports: Mapping[int, int] | None = None) -> None:
    """Copy the sample's files into a folder; ``ports`` has the ports to replace.

    :raises Fatal: the sample is not installed.
    """
    shutil.copytree(sample_repo(), folder, dirs_exist_ok=True)
    if not ports:
        return
    for path in folder.rglob("*.yaml"):
        path.write_text(with_ports(path.read_text(), ports))


def with_ports(text: str, ports: Mapping[int, int]) -> str:
    """Return a document of the sample with other ports; the rest is unchanged."""
    return re.sub(r"(?<=\bport: )\d+\b", lambda found: str(_port(found[0], ports)), text)


def _port(written: str, ports: Mapping[int, int]) -> int:
    return ports.get(int(written), int(written))
