"""Preferences of a visitor: language and colours, each in a cookie."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from gitmesh.console.web.localisation import LANGUAGES, Localised, accepted_language, localised

THEMES: Final = ("auto", "light", "dark")
_LANGUAGE: Final = "gitmesh-language"
_THEME: Final = "gitmesh-theme"
_YEAR_S: Final = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Preferences:
    """Language and colours."""

    words: Localised
    theme: str = "auto"


def preferences(cookies: Mapping[str, str], accept_language: str) -> Preferences:
    """Return the choices in the cookies; without one, what the browser asks for."""
    code, theme = cookies.get(_LANGUAGE, ""), cookies.get(_THEME, "")
    language = code if code in LANGUAGES else accepted_language(accept_language)
    return Preferences(localised(language), theme if theme in THEMES else "auto")


def remember(response: Response, *, language: str, theme: str, secure: bool) -> None:
    """Keep those of the choices that are valid."""
    for name, value, valid in ((_LANGUAGE, language, LANGUAGES), (_THEME, theme, THEMES)):
        if value in valid:
            response.set_cookie(name, value, _YEAR_S, secure=secure, httponly=True, samesite="lax")
