"""Wrong documents: each is a valid one with one mistake, and the expected problem."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.wrong.kubernetes import KUBERNETES_SPOILED
from tests.wrong.native import NATIVE_SPOILED
from tests.wrong.right_kubernetes import KUBERNETES
from tests.wrong.right_native import NATIVE
from tests.wrong.spoiling import Table


@dataclass(frozen=True)
class Wrong:
    """A repository with one mistake, and where it is."""

    form: str
    path: str
    files: Mapping[str, str]
    code: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.form}-{self.path}-{self.what}"


def wrong_documents() -> Iterator[Wrong]:
    """Yield every wrong document among right ones."""
    for table in NATIVE_SPOILED:
        yield from _spoiled("native", NATIVE, table)
    yield from _spoiled("kubernetes", KUBERNETES, KUBERNETES_SPOILED)


def _spoiled(form: str, right: Mapping[str, str], table: Table) -> Iterator[Wrong]:
    for (path, old), changes in table.items():
        text = right[path]
        assert old in text, (path, old)
        for change, code in changes.items():
            new, _, at = change.partition("@")
            spoiled = text.replace(old, new, 1)
            line = _line_of(spoiled, at) if at else _first_difference(text, spoiled)
            yield Wrong(form, path, {**right, path: spoiled}, code, line, new.split("\n")[-1])


def _line_of(text: str, at: str) -> int:
    """Return the line on which a text begins that is there."""
    return text[: text.index(at)].count("\n") + 1


def _first_difference(before: str, after: str) -> int:
    pairs = zip(before.split("\n"), after.split("\n"), strict=False)
    return next(number for number, (old, new) in enumerate(pairs, 1) if old != new)
