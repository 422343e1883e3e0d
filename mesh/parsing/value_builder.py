"""Builder of plain values from a flat stream of parser events: bounded, without recursion.

Parsers of YAML and JSON push events (open an object, a scalar, close) into a
:class:`ValueBuilder`. It handles keys, depth, duplicates and lines, and knows neither syntax.
"""

import json
from dataclasses import dataclass
from typing import Final

from mesh.canonical import Json, JsonObject
from mesh.problems.problem import Problem, json_path
from mesh.resource import Steps


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one file. They are many times what App Mesh allowed."""

    max_bytes: int = 1024 * 1024
    max_depth: int = 64
    """Nesting depth; the deepest App Mesh field is at depth 13."""
    max_documents: int = 1000
    max_values: int = 100_000
    """Scalars, objects, lists and keys in all documents of the file together."""
    max_problems: int = 50
    """Reading stops after this many problems, so that one mistake does not cause a flood."""


DEFAULT_LIMITS: Final = Limits()


class GiveUp(Exception):
    """Raised to end the reading of a file; a recorded problem says why."""


class _Dropped:
    """Placeholder for an invalid key; its value is read and dropped."""


_DROPPED: Final = _Dropped()


class _Frame:
    __slots__ = ("as_key", "inside", "items", "key", "key_lines", "members", "steps")

    def __init__(self, value: list[Json] | JsonObject, steps: Steps | None, as_key: bool) -> None:
        self.items = value if isinstance(value, list) else None
        self.members: JsonObject = {} if isinstance(value, list) else value
        self.steps = steps
        """Path of the container; ``None`` if lines are not needed or the container will be dropped.
        """
        self.as_key = as_key
        """True if the container is in the position of a key: it is read and dropped."""
        self.key: str | _Dropped | None = None
        """In an object, the key whose value comes next; ``None`` if a key comes next."""
        self.inside: str | _Dropped | None = None
        """In an object, the key whose value was begun last: an object or a list."""
        self.key_lines: dict[str, int] = {}


@dataclass(frozen=True, slots=True)
class BuiltDocument:
    """One document: its value, and the positions of its parts if requested."""

    index: int
    """Position in the file, counting empty documents."""
    line: int
    value: Json
    lines: dict[Steps, int]


class ValueBuilder:
    """Builder for the documents of one file. Push events in text order, then take ``documents``."""

    def __init__(self, path: str, limits: Limits, *, with_lines: bool = False) -> None:
        self.documents: list[BuiltDocument] = []
        self.problems: list[Problem] = []
        self._path = path
        self._limits = limits
        self._with_lines = with_lines
        self._values = 0
        self._count = 0
        self._begin()

    def _begin(self) -> None:
        self._stack: list[_Frame] = []
        self._root: Json = None
        self._root_line = 0
        self._lines: dict[Steps, int] = {}
        self._spoilt = False

    def open_object(self, line: int) -> None:
        """Begin an object; the scalars that follow are its keys and values in turn."""
        self._open({}, line)

    def open_list(self, line: int) -> None:
        """Begin a list; the values that follow are its items."""
        self._open([], line)

    def close(self) -> None:
        """End the innermost open object or list."""
        frame = self._stack.pop()
        if frame.as_key:
            self._stack[-1].key = _DROPPED

    def scalar(self, value: Json, line: int) -> None:
        """Add a scalar, as a key if a key comes next."""
        self._values += 1
        if self._values > self._limits.max_values:
            self._too_many_values(line)
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.items is None and frame.key is None:
            self._key(frame, value, line)
        else:
            self._place(frame, value, line)

    def spoil(
        self, line: int, code: str, message: str, hint: str = "", *, value: bool = True
    ) -> None:
        """Record a problem at the current position. The document is dropped unless ``value`` is
        false."""
        self._spoilt |= value
        self._note(line, json_path(self._here()), code, message, hint)
        if len(self.problems) >= self._limits.max_problems:
            raise GiveUp

    def break_off(self, line: int, code: str, message: str, hint: str = "") -> None:
        """Record that the text cannot be read beyond this line; push no events after this."""
        self._note(line, "$", code, message, hint)

    def end_document(self) -> None:
        """End a document. Empty and unusable documents are dropped."""
        self._count += 1
        if self._count > self._limits.max_documents:
            self.stop(
                self._root_line,
                "too-many-documents",
                f"more than {self._limits.max_documents} documents in one file",
                "split the file into several",
            )
        if self._root is not None and not self._spoilt:
            built = BuiltDocument(self._count - 1, self._root_line, self._root, self._lines)
            self.documents.append(built)
        self._begin()

    def stop(self, line: int, code: str, message: str, hint: str = "") -> None:
        """Record a problem that ends the reading of the file.

        :raises GiveUp: always.
        """
        self._note(line, json_path(self._here()), code, message, hint)
        raise GiveUp

    def _note(self, line: int, where: str, code: str, message: str, hint: str) -> None:
        self.problems.append(Problem(self._path, line, where, code, message, hint))

    def _open(self, value: list[Json] | JsonObject, line: int) -> None:
        self._values += 1
        if self._values > self._limits.max_values:
            self._too_many_values(line)
        if len(self._stack) >= self._limits.max_depth:
            self.stop(
                line,
                "too-deep",
                f"objects and lists are nested more than {self._limits.max_depth} deep",
                "no App Mesh resource needs this",
            )
        frame = self._stack[-1] if self._stack else None
        as_key = frame is not None and frame.items is None and frame.key is None
        if as_key:
            self.spoil(
                line,
                "key-not-text",
                "a key must be text, not an object or a list",
                "if this is a template, commit the rendered result, without {{ … }}",
            )
        steps = self._steps_of_next() if self._with_lines and not as_key else None
        if frame is not None:
            frame.inside = frame.key
        if not as_key:
            self._place(frame, value, line)
        self._stack.append(_Frame(value, steps, as_key))

    def _key(self, frame: _Frame, key: Json, line: int) -> None:
        if not isinstance(key, str):
            text = json.dumps(key)
            self.spoil(line, "key-not-text", f"a key must be text, not {text}", f'write "{text}":')
            frame.key = _DROPPED
            return
        frame.key = key
        first = frame.key_lines.get(key)
        if first is None:
            frame.key_lines[key] = line
            if frame.steps is not None:
                self._lines[(*frame.steps, key)] = line
            return
        # The first value is kept, so that the rest of the document is checked too.
        self.spoil(
            line,
            "duplicate-key",
            f'"{key}" appears twice in one object, on line {first} and on line {line}',
            "remove one of them",
            value=False,
        )
        frame.key = _DROPPED

    def _place(self, frame: _Frame | None, value: Json, line: int) -> None:
        if frame is None:
            self._root, self._root_line = value, line
            if self._with_lines:
                self._lines[()] = line
        elif frame.items is not None:
            if frame.steps is not None:
                self._lines[(*frame.steps, len(frame.items))] = line
            frame.items.append(value)
        else:
            if isinstance(frame.key, str):
                frame.members[frame.key] = value
            frame.key = None

    def _steps_of_next(self) -> Steps | None:
        if not self._stack:
            return ()
        frame = self._stack[-1]
        if frame.steps is None or isinstance(frame.key, _Dropped):
            return None
        if frame.items is not None:
            return (*frame.steps, len(frame.items))
        return (*frame.steps, frame.key) if frame.key is not None else None

    def _here(self) -> Steps:
        """Return the path of the innermost value being read."""
        steps: list[str | int] = []
        innermost = len(self._stack) - 1
        for depth, frame in enumerate(self._stack):
            if frame.items is not None:
                # A nested container was already counted as an item; a scalar was not.
                steps.append(len(frame.items) - (depth < innermost))
            elif isinstance(key := frame.key if depth == innermost else frame.inside, str):
                steps.append(key)
        return tuple(steps)

    def section(self) -> str | int | None:
        """Return the top-level key or index of the document part that is being read."""
        return next(iter(self._here()), None)

    def _too_many_values(self, line: int) -> None:
        self.stop(
            line,
            "too-many-values",
            f"more than {self._limits.max_values} values in one file",
            "split the file into several",
        )
