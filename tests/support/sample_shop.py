"""The sample shop as files, and as a repository with a history."""

from dataclasses import dataclass
from pathlib import Path

from gitmesh.demo.sample import ROUTES, sample_repo, shares
from gitmesh.queries.log_location import log_path
from reconciler.directory import read_directory
from xds.nodes import parse_identity
from xds.translate import translate
from xds.translate.readable import dump

ENTRANCE = "mesh/shop/virtualGateway/entrance"
"""The node whose routes contain the cart's weights."""


@dataclass(frozen=True, slots=True)
class Shop:
    """A bare repository with the shop's history: a shift, a mistake, and a revert."""

    bare: Path
    first: str
    shift: str
    bad: str
    back: str

    @property
    def log(self) -> Path:
        """Path of its event log."""
        return log_path(self.bare)


def sample_files(routes: str | None = None) -> dict[str, str | bytes]:
    """Return the sample repository's files, with other weights of the cart if given."""
    top = sample_repo()
    files: dict[str, str | bytes] = {
        str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file()
    }
    if routes is not None:
        text = (top / ROUTES).read_text()
        assert text.count(shares(0)) == 1, "the demo's edit no longer fits the sample"
        files[ROUTES] = text.replace(shares(0), routes)
    return files


def route_names(node: str = ENTRANCE) -> list[str]:
    """Return the names of a node's route configurations."""
    configuration = dump(translate(read_directory(sample_repo()).graph, parse_identity(node, {})))
    return [str(route["name"]) for route in configuration["routes"]]
