"""Style sheet, scripts and icons, under names that change with their content.

All of them are read once. A request is answered from that table alone, so no path can lead to
another file.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

PREFIX: Final = "/static/"
_HASH: Final = 12
_SERVED: Final = (".css", ".js", ".svg", ".png", ".ico")
_FOREVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file, and the path under which it is served."""

    path: str
    media_type: str
    content: bytes
    compressed: bytes


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """All files."""

    by_name: dict[str, StaticFile]
    by_path: dict[str, StaticFile]

    def url(self, name: str) -> str:
        """Return the path of a file: ``console.css``, ``vendor/htmx.min.js``."""
        return self.by_name[name].path

    def respond(self, request: Request) -> Response | None:
        """Return the file that a request asks for; ``None`` if there is no such file."""
        found = self.by_path.get(request.scope["path"])
        if found is None:
            return None
        headers = {"cache-control": _FOREVER, "vary": "accept-encoding"}
        if accepts_gzip(request):
            headers["content-encoding"] = "gzip"
            return Response(found.compressed, headers=headers, media_type=found.media_type)
        return Response(found.content, headers=headers, media_type=found.media_type)


def accepts_gzip(request: Request) -> bool:
    """Tell whether a browser takes compressed answers."""
    return "gzip" in request.headers.get("accept-encoding", "")


@cache
def static_files() -> StaticFiles:
    """Read all files."""
    found = {
        name: _read(name, entry) for name, entry in _walk(files("gitmesh.console") / "static", "")
    }
    return StaticFiles(found, {each.path: each for each in found.values()})


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(_SERVED):
            yield prefix + entry.name, entry


def _read(name: str, entry: Traversable) -> StaticFile:
    content = entry.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:_HASH]
    stem, _, suffix = name.rpartition(".")
    kind = mimetypes.types_map[f".{suffix}"] if suffix != "js" else "text/javascript"
    compressed = gzip.compress(content, 9, mtime=0)
    return StaticFile(f"{PREFIX}{stem}.{digest}.{suffix}", kind, content, compressed)
