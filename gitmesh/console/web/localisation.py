"""Languages: texts from Babel catalogues, and how times and numbers are written.

The source is English. Catalogues are read as text (``.po``), so nothing has to be compiled.
"""

import gettext
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Final

from babel import Locale, negotiate_locale
from babel.dates import format_datetime, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from gitmesh.language import mark as mark

LANGUAGES: Final = {"en": "English", "zh": "中文"}
"""Languages by their code, each named in itself."""
_MOST_ACCEPTED: Final = 20


@dataclass(frozen=True, slots=True)
class Localised:
    """One language."""

    code: str
    locale: Locale
    texts: gettext.NullTranslations

    def _(self, text: str) -> str:
        """Return a text in this language."""
        return self.texts.gettext(text) if text else ""

    def ngettext(self, one: str, many: str, number: int) -> str:
        """Return the text for a number of things."""
        return self.texts.ngettext(one, many, number)

    def number(self, number: int | float) -> str:
        """Return a number with its separators."""
        return format_decimal(number, locale=self.locale)

    def ago(self, at: datetime, now: datetime) -> str:
        """Return how long ago a time was; ``in 5 minutes`` for one to come."""
        delta = at - now
        if timedelta(seconds=-1) < delta <= timedelta():
            return self._("just now")
        return format_timedelta(delta, add_direction=True, threshold=1.2, locale=self.locale)

    def time(self, at: datetime) -> str:
        """Return a time in UTC with its seconds."""
        return format_datetime(at.astimezone(UTC), "yyyy-MM-dd HH:mm:ss 'UTC'", locale=self.locale)


@cache
def localised(code: str) -> Localised:
    """Return one of the languages."""
    if code not in LANGUAGES:
        raise ValueError(code)
    return Localised(code, Locale(code), _texts(code))


def _texts(code: str) -> gettext.NullTranslations:
    if code == "en":
        return gettext.NullTranslations()
    catalogue = files("gitmesh.console") / "locale" / code / "LC_MESSAGES" / "console.po"
    with catalogue.open("rb") as file:
        found = read_po(file, locale=code)
    compiled = io.BytesIO()
    write_mo(compiled, found)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def accepted_language(header: str) -> str:
    """Return the language that a browser asks for (``Accept-Language``); English otherwise."""
    wanted = []
    for part in header.split(",")[:_MOST_ACCEPTED]:
        tag, _, weight = part.partition(";q=")
        try:
            wanted.append((-float(weight or 1), tag.strip()))
        except ValueError:
            continue
    tags = [tag.partition("-")[0].lower() for _, tag in sorted(wanted, key=lambda each: each[0])]
    return negotiate_locale(tags, list(LANGUAGES)) or "en"
