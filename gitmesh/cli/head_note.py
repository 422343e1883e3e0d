"""Note about HEAD: it is that of the queried repository, not that of the clone in this
directory."""

from pathlib import Path

import click


def note_head(repo: Path, revision: str | None, *, as_json: bool) -> None:
    """Print to the error stream which HEAD is meant, if the HEAD of the clone here differs."""
    if revision is None or as_json:
        return
    from gitmesh.rendering.narration import short
    from gitmesh.safe_text import visible
    from gitmesh.service.other_head import other_head

    if found := other_head(repo, revision):
        words = f"note: HEAD is that of {repo}, {short(found.there)}; the clone here is at "
        click.secho(visible(words + short(found.here)), fg="yellow", err=True)
