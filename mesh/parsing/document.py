"""Parsing of one file's bytes to documents of plain values, each part with its line number.

YAML, or JSON if the name ends in ``.json``. Every mistake is a :class:`Problem`, never an
exception. Hostile input is bounded by :class:`Limits`. :mod:`mesh.parsing.scalars` defines which
unquoted scalars are numbers. This module knows nothing of meshes.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from mesh.canonical import Json, JsonObject, as_object
from mesh.parsing.json_text import read_json
from mesh.parsing.value_builder import DEFAULT_LIMITS, Limits, ValueBuilder
from mesh.parsing.yaml_text import read_yaml
from mesh.problems.problem import Problem
from mesh.resource import Source, Steps

__all__ = ["DEFAULT_LIMITS", "Document", "Limits", "Reading", "TextReader", "read_documents"]

TextReader = Callable[[str, ValueBuilder], None]
"""Parses a text into a builder; mistakes become problems of the builder."""

_LFS: Final = b"version https://git-lfs.github.com/spec/v1"
_CONFLICT: Final = re.compile(r"^(?:<{7}|>{7})(?: |$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Document:
    """One object of a file, with its position."""

    body: JsonObject
    source: Source


@dataclass(frozen=True, slots=True)
class Reading:
    """Content of a file: the valid documents, and the problems of the others."""

    documents: tuple[Document, ...]
    problems: tuple[Problem, ...]


class _File:
    """Text of a file, parsed again for line numbers when the first problem needs one.

    Most documents have no problem. Keeping a line for each part of ten thousand specs would take
    more memory than the specs.
    """

    def __init__(self, path: str, text: str, limits: Limits, read: TextReader) -> None:
        self._path = path
        self._text = text
        self._limits = limits
        self._read = read

    def build(self, *, with_lines: bool) -> ValueBuilder:
        builder = ValueBuilder(self._path, self._limits, with_lines=with_lines)
        self._read(self._text, builder)
        return builder

    @cached_property
    def lines(self) -> dict[int, dict[Steps, int]]:
        return {built.index: built.lines for built in self.build(with_lines=True).documents}


class _Lines(Mapping[Steps, int]):
    """Line numbers of one document, computed on first use."""

    def __init__(self, file: _File, index: int, base: Steps = ()) -> None:
        self._file = file
        self._index = index
        self._base = base

    def __getitem__(self, steps: Steps) -> int:
        return self._file.lines[self._index][self._base + steps]

    def __iter__(self) -> Iterator[Steps]:
        depth = len(self._base)
        for steps in self._file.lines[self._index]:
            if steps[:depth] == self._base:
                yield steps[depth:]

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def below(self, base: Steps) -> "_Lines":
        """Return the lines of the part at ``base``, with paths relative to it."""
        return _Lines(self._file, self._index, self._base + base)


def narrowed(source: Source, base: Steps) -> Source:
    """Return the source of the part at ``base``: steps and JSON paths begin there."""
    lines = source.lines
    return Source(source.path, lines.below(base)) if isinstance(lines, _Lines) else source


def read_documents(
    path: str,
    blob: bytes,
    limits: Limits = DEFAULT_LIMITS,
    *,
    read: TextReader | None = None,
    lists: bool = False,
) -> Reading:
    """Parse every document of a file. Never raises.

    ``read`` replaces the parser that the file's name selects, for another dialect. With ``lists``,
    the objects of a list are documents, too.

    A document with a duplicate key or an anchor is returned *and* has a problem, so that all
    mistakes are reported at once; callers must check ``problems`` before they use documents. Empty
    documents are skipped.
    """
    unreadable = _not_text(path, blob, limits)
    if unreadable:
        return Reading((), (unreadable,))
    text = blob.decode("utf-8-sig")
    conflict = _conflict(path, text)
    if conflict:
        return Reading((), (conflict,))
    named_json = path.lower().endswith(".json")
    file = _File(path, text, limits, read or (read_json if named_json else read_yaml))
    builder = file.build(with_lines=False)
    documents = []
    problems = builder.problems
    for built in builder.documents:
        source = Source(path, _Lines(file, built.index))
        if isinstance(built.value, dict):
            documents.append(Document(built.value, source))
        elif lists and isinstance(built.value, list) and _all_objects(built.value):
            for at, item in enumerate(built.value):
                documents.append(Document(as_object(item), narrowed(source, (at,))))
        else:
            problems.append(_not_an_object(path, built.line, built.value))
    return Reading(tuple(documents), tuple(sorted(problems)))


def _all_objects(items: list[Json]) -> bool:
    return all(isinstance(item, dict) for item in items)


def _not_an_object(path: str, line: int, value: Json) -> Problem:
    what = "a list" if isinstance(value, list) else "a single value"
    hint = "separate the documents of a YAML file with a line ---"
    if isinstance(value, list):
        hint = "write one resource per document; gitmesh import accepts lists"
    message = f"a document must be an object of keys and values, this is {what}"
    return Problem(path, line, "$", "not-an-object", message, hint)


def _not_text(path: str, blob: bytes, limits: Limits) -> Problem | None:
    if len(blob) > limits.max_bytes:
        return Problem(
            path,
            0,
            "$",
            "file-too-big",
            f"the file has {len(blob)} bytes; the limit is {limits.max_bytes}",
            "split the file into several",
        )
    if blob.startswith(_LFS):
        return Problem(
            path,
            1,
            "$",
            "lfs-pointer",
            "this is a Git LFS pointer: the spec itself is not in the repository",
            "remove specs from LFS: git lfs untrack, then git add --renormalize the file",
        )
    if b"\0" in blob:
        line = blob.count(b"\n", 0, blob.index(b"\0")) + 1
        return Problem(
            path, line, "$", "not-text", "the file contains NUL bytes", "save it as UTF-8 text"
        )
    try:
        blob.decode("utf-8")
    except UnicodeDecodeError as error:
        line = blob.count(b"\n", 0, error.start) + 1
        return Problem(path, line, "$", "not-text", "the file is not UTF-8", "save it as UTF-8")
    return None


def _conflict(path: str, text: str) -> Problem | None:
    if "<<<<<<<" not in text or ">>>>>>>" not in text:
        return None
    marks = [text.count("\n", 0, found.start()) + 1 for found in _CONFLICT.finditer(text)]
    if len(marks) < 2:
        return None
    return Problem(
        path,
        marks[0],
        "$",
        "merge-conflict",
        f"a merge conflict was committed (lines {marks[0]} to {marks[1]})",
        "keep one side, remove the lines <<<<<<<, ======= and >>>>>>>",
    )
