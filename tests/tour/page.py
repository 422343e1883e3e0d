"""Writes docs/audit.md: every question that the log answers, with the answer a reader would get.

``python -m tests.tour.page > docs/audit.md``; the commands are run for it, on the log of
:mod:`tests.tour.story`.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.support.command_line import gitmesh
from tests.tour.story import Story, told

SHOWN_LINES = 24

_HEAD = """\
# Asking the log

<!-- Written by `python -m tests.tour.page`; `make golden` writes it anew. -->

What was live at 03:12, who did it, why, what did it change, who has it, and how is it undone?
Every answer below is what the command prints, on the log of a small shop; a test runs them all.
A *moment* is a position in the mesh chain, a commit, a branch, or a time.
"""


def page() -> str:
    """Return the whole page."""
    with tempfile.TemporaryDirectory() as folder:
        story = told(Path(folder))
        return "\n".join([_HEAD, *_sections(story)])


def _sections(story: Story) -> Iterator[str]:
    route = "mesh/shop/virtualRouter/cart/route/all"
    yield "## What happened\n"
    yield _run(story, "log shop.git --commits")
    yield _run(story, f"log shop.git --resource {route} --kind TrafficShifted")
    yield _run(story, f"show --repo shop.git {story.shift[:7]}")
    yield _run(story, f"show --repo shop.git {story.bad[:7]}")
    yield "## What was live\n"
    yield _run(story, f"state --repo shop.git --at 2026-11-25T00:30Z {route}")
    yield _run(
        story,
        "state --repo shop.git --at 2026-11-25T00:30Z --as envoy --node mesh/shop/virtualNode/web",
    )
    yield "## Who gave a field its value\n"
    yield _run(story, f"blame --repo shop.git {route} httpRoute.action")
    yield "## What differs\n"
    yield _run(story, "diff 2026-11-25T00:30Z main --repo shop.git")
    yield _run(story, "diff main~3 main --repo shop.git --envoy")
    yield _run(story, "diff main~3 main --repo shop.git --markdown")
    yield "## Who has it\n"
    yield _run(story, f"status --repo shop.git {story.half[:7]}")
    yield _run(story, "proxies shop.git")
    yield _run(story, f"wait --repo shop.git {story.half[:7]} --for acked=100%")
    yield "## Undo\n"
    yield _run(story, f"rollback {story.shift[:7]} --repo shop.git --dry-run")
    yield "## For auditors\n"
    yield _run(story, "export shop.git --kind TrafficShifted --format csv")
    yield _run(story, "verify shop.git")


def _run(story: Story, line: str) -> str:
    """Return a command as it is typed, and what it prints."""
    words = [str(story.repo) if word == "shop.git" else word for word in line.split()]
    done = gitmesh(*words)
    said = (done.out + done.err).replace(str(story.repo), "shop.git").rstrip("\n").split("\n")
    if len(said) > SHOWN_LINES:
        said = [*said[:SHOWN_LINES], "…"]
    body = "\n".join(each.rstrip() for each in said)
    return f"````\n$ gitmesh {line}\n{body}\n````\n"


if __name__ == "__main__":
    sys.stdout.write(page())
