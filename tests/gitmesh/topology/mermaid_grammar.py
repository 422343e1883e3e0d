"""A check of the part of Mermaid's flowchart grammar that pictures use.

Stricter than Mermaid: text stands in quotes and holds nothing that Mermaid would read as more than
a character, an entity or a line break.
"""

import re
from collections.abc import Iterator

_ENTITY = r"#\d{1,7};"
_TEXT = rf"(?:[^\W_]|[ ._/,:=+()→·…%-]|{_ENTITY}|<br/>)*"
_SHAPES = (
    rf'\[/"{_TEXT}"\\\]',
    rf'\(\["{_TEXT}"\]\)',
    rf'\{{\{{"{_TEXT}"\}}\}}',
    rf'\["{_TEXT}"\]',
)
_VERTEX = re.compile(rf"  (v\d+)(?:{'|'.join(_SHAPES)})")
_EDGE = re.compile(rf'  (v\d+) (?:-->|-\.->)(?:\|"{_TEXT}"\|)? (v\d+)')
_CLASS = re.compile(r"  class ((?:v\d+,)*v\d+) (\w+)")
_DEFINED = re.compile(r"  classDef (\w+) [\w#:,\- ]+")
_LINKS = re.compile(r"  linkStyle ((?:\d+,)*\d+) stroke:#\w{6}")


def mistakes(text: str) -> Iterator[str]:
    """Yield the lines that are not valid Mermaid, or name an undefined vertex, class or edge."""
    head, title, *lines = text.splitlines()
    if head != "flowchart LR" or not re.fullmatch(rf"  accTitle: {_TEXT}", title):
        yield title
    known = {found[1] for line in lines if (found := _VERTEX.fullmatch(line))}
    classes = {found[1] for line in lines if (found := _DEFINED.fullmatch(line))}
    edges = sum(_EDGE.fullmatch(line) is not None for line in lines)
    for line in lines:
        if "%%" in line or not _is_right(line, known, classes, edges):
            yield line


def _is_right(line: str, known: set[str], classes: set[str], edges: int) -> bool:
    if found := _EDGE.fullmatch(line):
        return known.issuperset(found.groups())
    if found := _CLASS.fullmatch(line):
        return known.issuperset(found[1].split(",")) and found[2] in classes
    if found := _LINKS.fullmatch(line):
        return all(int(at) < edges for at in found[1].split(","))
    return bool(_VERTEX.fullmatch(line) or _DEFINED.fullmatch(line))
