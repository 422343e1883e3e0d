"""The sample repository, and the edits of it that the demo's story makes."""

from pathlib import Path

from mesh.errors import Fatal

ROUTES = "shop/cart/routes.yaml"

_SHARES = """\
        - {{virtualNode: cart-v1, weight: {v1}}}
        - {{virtualNode: {second}, weight: {v2}}}"""


def shares(percent_v2: int, second: str = "cart-v2") -> str:
    """Return the part of the file of routes that says how the cart's traffic is spread."""
    return _SHARES.format(v1=100 - percent_v2, second=second, v2=percent_v2)


def sample_repo() -> Path:
    """Return the folder of the sample repository: beside the packages, or installed inside ours.

    :raises Fatal: it is in neither place.
    """
    package = Path(__file__).resolve().parent.parent
    for candidate in (package.parent / "sample-repo", package / "sample-repo"):
        if (candidate / ROUTES).is_file():
            return candidate
    raise Fatal("the sample repository is missing", hint="install gitmesh again")
