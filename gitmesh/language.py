"""Language of texts for people: English, unless the reader's own is given. Pure.

A text is written in English where it is used, and looked up there in the language of the reader:
``words._("{node}: connected").format(node=node)``. Values stay as they are.
"""

from typing import Final, Protocol


class Words(Protocol):
    """Texts and numbers in one language."""

    def _(self, text: str) -> str:
        """Return a text in this language."""

    def ngettext(self, one: str, many: str, number: int) -> str:
        """Return the text for a number of things."""

    def number(self, number: int | float) -> str:
        """Return a number with its separators."""


class _English:
    def _(self, text: str) -> str:
        return text

    def ngettext(self, one: str, many: str, number: int) -> str:
        return one if number == 1 else many

    def number(self, number: int | float) -> str:
        return f"{number:,}"


ENGLISH: Final[Words] = _English()


def mark(text: str) -> str:
    """Mark a text for the catalogues; it is translated where it is shown."""
    return text
