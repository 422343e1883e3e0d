"""Help texts that fit the terminal: on a narrow one, examples and tables are folded."""

import re
import textwrap
from collections.abc import Iterator
from typing import Final

import click

EXAMPLES: Final = "Examples:"
"""Title of the paragraph with example command lines."""
_AS_IT_IS: Final = "\b\n"
_COMMENT: Final = re.compile(r"^(?P<command>.*?\S)\s+(?P<comment># .*)$")
_WORDS: Final = re.compile(r"""(?:[^\s"']|"[^"]*"|'[^']*')+""")
_ON: Final = " \\"
_CONTINUED: Final = re.compile(r" *\\\n *")
_BELOW: Final = re.compile(r"\n {6,}")
_UNIT: Final = re.compile(r"(?P<option>--[a-z-]+) (?P<value>[^\s&|-]\S*)")
_ROW: Final = re.compile(r"^\s+\S+(?: \S+)*\s{2,}")


class Formatter(click.HelpFormatter):
    """A formatter that folds lines which click leaves as they are."""

    def write_text(self, text: str) -> None:
        """Write paragraphs; preformatted ones are folded line by line."""
        width = max(self.width - self.current_indent, 11)
        paragraphs = text.split("\n\n")
        super().write_text("\n\n".join(_fitting(each, width) for each in paragraphs))


class Context(click.Context):
    """Context of a command whose help fits the terminal."""

    formatter_class = Formatter


def _fitting(paragraph: str, width: int) -> str:
    if not paragraph.startswith(_AS_IT_IS):
        return paragraph
    text = paragraph.removeprefix(_AS_IT_IS)
    if all(len(line) <= width for line in text.splitlines()):
        return paragraph
    fold = _command if text.startswith(EXAMPLES) else _row
    lines = (
        folded
        for line in _BELOW.sub(" ", _CONTINUED.sub(" ", text)).splitlines()
        for folded in fold(line, width)
    )
    return _AS_IT_IS + "\n".join(lines)


def _row(line: str, width: int) -> Iterator[str]:
    """Yield the lines of a table row; its last column is folded."""
    if len(line) <= width:
        yield line
        return
    column = found.end() if (found := _ROW.match(line)) else len(line) - len(line.lstrip())
    yield from textwrap.wrap(line, width, subsequent_indent=" " * column)


def _command(line: str, width: int) -> Iterator[str]:
    """Yield the lines of a command; a long one is continued with ``\\``, so that it can still be
    pasted."""
    if len(line) <= width:
        yield line
        return
    if found := _COMMENT.match(line):
        yield from textwrap.wrap(
            found["comment"], width, initial_indent="  ", subsequent_indent="  # "
        )
        line = found["command"]
    begun, *words = [found.group().replace("\0", " ") for found in _WORDS.finditer(_units(line))]
    begun = f"  {begun}"
    for word in words:
        if len(begun) + 1 + len(word) + len(_ON) <= width:
            begun = f"{begun} {word}"
        else:
            yield f"{begun}{_ON}"
            begun = f"      {word}"
    yield begun


def _units(line: str) -> str:
    """Return the line with each option and its value as one word, so that they stay together."""
    return _UNIT.sub("\\g<option>\0\\g<value>", line)
