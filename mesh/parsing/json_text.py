r"""Strict JSON parser (RFC 8259) without recursion: pushes its events into a
:class:`~mesh.parsing.value_builder.ValueBuilder`.

YAML's parser does not read all of JSON (tabs before a brace, ``\ud83d\ude00`` escapes), and
Python's own recurses and reports no lines. Tokens are read here, strings by the standard library.
"""

import re
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Final

from mesh.parsing.scalars import resolve
from mesh.parsing.value_builder import GiveUp, ValueBuilder

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_BARE: Final = re.compile(r"[^\s,:\[\]{}\"]+")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", re.ASCII)
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


class _NotJson(Exception):
    def __init__(self, line: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.line, self.message, self.hint = line, message, hint


def read_json(text: str, builder: ValueBuilder) -> None:
    """Parse the only document of the text; a syntax error is a problem and leaves no document."""
    _read(text, builder, many=False)


def read_json_stream(text: str, builder: ValueBuilder) -> None:
    """Parse the documents of a text that may hold several values, one after the other.

    A loop over ``aws appmesh describe-…`` that appends to one file produces such a text.
    """
    _read(text, builder, many=True)


def _read(text: str, builder: ValueBuilder, *, many: bool) -> None:
    reader = _JsonReader(text, builder)
    try:
        reader.read()
        builder.end_document()
        while many and reader.more:
            reader.read()
            builder.end_document()
        reader.end()
    except GiveUp:
        return
    except _NotJson as error:
        builder.break_off(error.line, "syntax", error.message, error.hint)


class _JsonReader:
    """Cursor over the text, with the open brackets."""

    def __init__(self, text: str, builder: ValueBuilder) -> None:
        self._text = text
        self._builder = builder
        self._at = 0
        self._line = 1
        self._open: list[str] = []

    @property
    def more(self) -> bool:
        """Return whether more than white space follows."""
        return self._peek() != ""

    def read(self) -> None:
        """Read one value and the white space before it.

        :raises _NotJson: the text is not JSON here.
        """
        if self._peek() == "":
            return
        self._value()
        while self._open:
            self._next_in_container()

    def end(self) -> None:
        """Require that nothing follows the value.

        :raises _NotJson: something follows.
        """
        if self.more:
            raise self._error(
                "text after the end of the JSON value",
                "a JSON file contains one value; gitmesh import accepts several",
            )

    def _next_in_container(self) -> None:
        char = self._peek()
        if char == "":
            raise self._error(f'the file ends, but a "{self._open[-1]}" is not closed')
        if char in "]}":
            self._close(char)
            return
        self._expect(",")
        if self._peek() in ("]", "}"):
            raise self._error("a comma before a closing bracket", "remove the comma")
        self._member()

    def _member(self) -> None:
        """Read an item of the innermost container: a value, in an object after its key."""
        if self._open[-1] == "{":
            if self._peek() != '"':
                hint = _template_hint(self._word())
                raise self._error("a key must be text in double quotes", hint)
            self._string()
            self._expect(":")
        self._value()

    def _value(self) -> None:
        char = self._peek()
        if char == '"':
            self._string()
        elif char in ("{", "["):
            self._begin(char)
        else:
            self._bare()

    def _begin(self, char: str) -> None:
        self._at += 1
        self._open.append(char)
        if char == "{":
            self._builder.open_object(self._line)
        else:
            self._builder.open_list(self._line)
        after = self._peek()
        if after and after not in "]}":
            self._member()

    def _close(self, char: str) -> None:
        if (self._open[-1] == "{") != (char == "}"):
            raise self._error(f'a "{self._open[-1]}" is closed by a "{char}"')
        self._at += 1
        self._open.pop()
        self._builder.close()

    def _string(self) -> None:
        try:
            value, end = scanstring(self._text, self._at + 1, True)
        except JSONDecodeError as error:
            raise self._error(f"not a JSON string: {error.msg}") from None
        if not value.isascii() and _SURROGATE.search(value):
            raise self._error("half of a surrogate pair is not a character")
        if "\0" in value:
            message = "the text contains a NUL character"
            self._builder.spoil(self._line, "control-character", message)
        self._at = end
        self._builder.scalar(value, self._line)

    def _bare(self) -> None:
        word = self._word()
        if not word:
            after = self._peek() or "the end of the file"
            raise self._error(f"a value is missing before {after}")
        if word not in ("true", "false", "null") and not _NUMBER.fullmatch(word):
            raise self._error(f"{word[:80]!r} is not a JSON value", _template_hint(word))
        self._at += len(word)
        self._builder.scalar(resolve(word), self._line)

    def _word(self) -> str:
        found = _BARE.match(self._text, self._at)
        return found.group() if found else ""

    def _expect(self, char: str) -> None:
        if self._peek() != char:
            raise self._error(f'"{char}" expected', _template_hint(self._word()))
        self._at += 1

    def _peek(self) -> str:
        """Skip white space and return the next character, ``""`` at the end."""
        found = _SPACE.match(self._text, self._at)
        end = found.end() if found else self._at
        if end > self._at:
            self._line += self._text.count("\n", self._at, end)
            self._at = end
        return self._text[end : end + 1]

    def _error(self, message: str, hint: str = "") -> _NotJson:
        return _NotJson(self._line, message, hint)


def _template_hint(word: str) -> str:
    if word.startswith("$"):
        return "this looks like a jq program: commit what jq -n --arg … prints"
    if word.startswith(("'", "#", "//")):
        return "JSON has double quotes only, and no comments; a file named .yaml may have both"
    return ""
