"""Query of the page Topology: reads an address, and makes addresses of other selections. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from gitmesh.topology.view import Detail
from mesh.keys import ResourceKey

DEPTHS: Final = (0, 1, 2, 3)


@dataclass(frozen=True, slots=True)
class Asked:
    """The selection that a visitor made."""

    around: str = ""
    """Full name of a resource."""
    search: str = ""
    depth: int = 1
    detail: str = ""
    """The whole mesh, so much of it; empty for a neighbourhood."""
    at: str = ""
    diff: str = ""
    """The earlier moment of a comparison."""

    @property
    def path(self) -> str:
        """Return the address that says all of this, and nothing that is the default."""
        said = {
            "around": self.around,
            "q": self.search,
            "depth": "" if self.depth == 1 else str(self.depth),
            "detail": self.detail,
            "at": self.at,
            "diff": self.diff,
        }
        query = urlencode({name: value for name, value in said.items() if value}, safe="/")
        return f"/topology?{query}" if query else "/topology"

    def about(self, key: ResourceKey | str) -> str:
        """Return the address of the picture around another resource."""
        return replace(self, around=str(key), search="", detail="").path

    def with_depth(self, depth: int) -> str:
        """Return the address of the same with another depth."""
        return replace(self, depth=depth, detail="", search="").path

    def whole(self, detail: str) -> str:
        """Return the address of the whole mesh."""
        return replace(self, detail=detail, around="", search="", depth=1).path

    def without_comparison(self) -> str:
        """Return the address of the same without a comparison."""
        return replace(self, diff="").path


def asked(query: Mapping[str, str]) -> Asked:
    """Return what an address says; numbers and words that are not known count as missing."""
    depth = query.get("depth", "")
    detail = query.get("detail", "")
    return Asked(
        around=query.get("around", ""),
        search=query.get("q", "").strip(),
        depth=int(depth) if depth in map(str, DEPTHS) else 1,
        detail=detail if detail in {each.value for each in Detail} else "",
        at=query.get("at", ""),
        diff=query.get("diff", "").strip(),
    )
