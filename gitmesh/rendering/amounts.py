"""Numbers and durations as text. Pure."""

from gitmesh.language import Words


def counted(words: Words, text: str, number: int) -> str:
    """Return a text with its ``{number}``, written as the language does."""
    return text.format(number=words.number(number))


def count(number: int, noun: str) -> str:
    """Return ``1 file``, ``2 files``, ``10,000 files``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def proxies(number: int) -> str:
    """Return ``1 proxy``, ``2 proxies``."""
    return f"{number:,} {'proxy' if number == 1 else 'proxies'}"


def milliseconds(microseconds: int) -> str:
    """Return a duration for people: ``84 ms``, ``3.2 ms``."""
    value = microseconds / 1000
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"
