"""Templates: Jinja2 with autoescape for all of them, and the filters that they share."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from gitmesh.console.web.localisation import Localised
from gitmesh.console.web.static_files import static_files
from mesh.canonical import canonical

_SHORT: Final = 7


@cache
def templates(words: Localised) -> Environment:
    """Return the templates in a language. No text is HTML unless a template says it."""
    made = Environment(
        loader=PackageLoader("gitmesh.console"),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(words.texts, newstyle=True)  # type: ignore[attr-defined]
    made.globals.update(static=static_files().url, language=words.code)
    made.filters.update(_filters(words))
    return made


def _filters(words: Localised) -> dict[str, Callable[..., str]]:
    return {
        "as_json": canonical,
        "short": lambda commit: str(commit)[:_SHORT],
        "number": words.number,
        "iso": lambda at: moment(at).astimezone(UTC).isoformat(timespec="seconds"),
        "full_time": lambda at: words.time(moment(at)),
        "ago": lambda at, now: words.ago(moment(at), now),
    }


def moment(at: datetime | str) -> datetime:
    """Return a time that may be in the log's text form."""
    return at if isinstance(at, datetime) else datetime.fromisoformat(at)
