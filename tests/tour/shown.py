"""What pages show: every ``console`` block is typed into a shell, and holds what comes of it.

A page says before its first block where it is typed, and so begins anew wherever it says it again::

    <!-- Shown on: night -->
    <!-- Shown on: nothing; times and ids vary -->

The names are of :mod:`tests.tour.places`. A line ``$ …`` is a command; one that ends with a
backslash goes on in the next line. Where times and ids vary, another run that differs in nothing
else leaves the page as it is.

``python -m tests.tour.shown`` writes what is stale anew.
"""

import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Final

from tests.tour.places import PLACES
from tests.tour.shell import Shell

TOP: Final = Path(__file__).parents[2]
PAGES: Final = ("README.md", *(f"docs/{path.name}" for path in sorted((TOP / "docs").glob("*.md"))))

_BLOCK: Final = re.compile(
    r"^<!-- Shown on: (?P<place>\w+)(?P<vary>; times and ids vary)? -->$"
    r"|^(?P<fence>`{3,})console\n(?P<body>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
_COMMAND: Final = re.compile(r"^\$ ((?:.*\\\n)*.*)$", re.MULTILINE)
_VARYING: Final = (
    (r"\d{4}-\d\d-\d\d([T ])\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:\d\d)?", "<time>"),
    (r"\b\d\d:\d\d:\d\d(\.\d+)?Z?", "<time>"),
    (r"\b[\d.,]+ (ms|s|seconds)\b", "<duration>"),
    (r"\b\d+\.\d %", "<share>"),
    (r"\b\d{1,3}(,\d{3})+ bytes\b", "<size>"),
    (r' sqlite="[^"]*"|^note: sqlite .*\n|(?<![\d.])\d+\.\d+\.\d+(?![\d.])', "<version>"),
    (r"\b[0-9a-f]{7,64}\b", "<id>"),
    (r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{40,}={0,2}", "<signature>"),
    (r"#\d+\b|(?<=\d:)\d{4,5}\b", "<port>"),
    # Parts of a server begin side by side: which of them adds an event first is nobody's.
    (r"(?<=chain=delivery )seq=\d+", "seq=<number>"),
    # Where the real path has a space, the log has it in quotes.
    (r' path="([^" ]+)"', r" path=\1"),
)
_SERVER_LINES: Final = re.compile(r"(?:^<time> [A-Z]+ +\S.*\n)+", re.MULTILINE)
"""What a server tells while it starts: its parts begin side by side, so the order is nobody's."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a page, and what comes of its commands now."""

    start: int
    end: int
    before: str
    now: str
    varies: bool

    @property
    def stale(self) -> bool:
        """Tell whether it shows something else than what comes of its commands."""
        if self.varies:
            return settled(self.before) != settled(self.now)
        return self.before != self.now

    @property
    def difference(self) -> str:
        """The lines that differ, without what differs in every run."""
        page, now = self.before, self.now
        if self.varies:
            page, now = settled(page), settled(now)
        lines = unified_diff(page.splitlines(), now.splitlines(), "page", "now", n=0, lineterm="")
        return "\n".join(lines)


def commands(text: str) -> list[str]:
    """Return every command that a page shows, each on one line."""
    bodies = (found["body"] for found in _BLOCK.finditer(text) if found["body"])
    return [command.replace("\\\n", " ") for body in bodies for command in _COMMAND.findall(body)]


def console(text: str) -> list[tuple[str, str]]:
    """Return every command of a page as it stands there, with what the page shows it to print."""
    bodies = (found["body"] for found in _BLOCK.finditer(text) if found["body"])
    return [pair for body in bodies for pair in _pairs(body)]


def _pairs(body: str) -> Iterator[tuple[str, str]]:
    found = list(_COMMAND.finditer(body))
    ends = [each.start() for each in found[1:]] + [len(body)]
    for each, end in zip(found, ends, strict=True):
        yield each[1], body[each.end() + 1 : end]


def blocks(text: str) -> list[Block]:
    """Run a page; return its blocks in their order."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        return list(_blocks(text, Path(folder), stack))


def written(text: str, run: list[Block]) -> str:
    """Return the page as it is to be: as it is, unless a block is stale; else all of it anew."""
    if not any(block.stale for block in run):
        return text
    for block in reversed(run):
        text = text[: block.start] + block.now + text[block.end :]
    return text


def settled(text: str) -> str:
    """Return what is the same in every run."""
    for pattern, name in _VARYING:
        text = re.sub(pattern, name, text)
    text = _SERVER_LINES.sub(lambda told: "".join(sorted(told[0].splitlines(True))), text)
    return re.sub(r" {2,}", "  ", text)


def _blocks(text: str, folder: Path, stack: ExitStack) -> Iterator[Block]:
    shell, varies = None, False
    for found in _BLOCK.finditer(text):
        if found["place"]:
            stack.close()
            place = folder / str(found.start())
            place.mkdir()
            PLACES[found["place"]](place)
            shell, varies = stack.enter_context(Shell(place)), bool(found["vary"])
            continue
        assert shell is not None, "a page says where it is shown before it shows anything"
        start, end = found.span("body")
        yield Block(start, end, found["body"], _run(shell, found["body"]), varies)


def _run(shell: Shell, body: str) -> str:
    shown = []
    for command in _COMMAND.findall(body):
        said = shell.type(command)
        shown.append(f"$ {command}\n" + "".join(f"{s.rstrip()}\n" for s in said.splitlines()))
    return "".join(shown)


if __name__ == "__main__":
    for name in PAGES:
        page = TOP / name
        page.write_text(written(page.read_text(), blocks(page.read_text())))
