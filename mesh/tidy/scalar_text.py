"""Text of scalars: unquoted only if every YAML reader takes it for the same value."""

import re
from typing import Final

import yaml

from mesh.canonical import Json

_WORD: Final = r"[\w/.$(^+)*%@=&;~<>!'|-]"
_PLAIN: Final = re.compile(rf"[\w/.$(^+](?:{_WORD}|:(?={_WORD})| (?=[\w/.$(^+)*%@=&;~<>|-]))*")
_OTHER_READERS: Final = re.compile(
    r"[-+]?0o?[0-7_]+|[-+]?[0-9_]*\.?[0-9_]*(?:[eE][-+]?[0-9]+)?|y|n|Y|N", re.ASCII
)
"""Numbers and booleans of other YAML versions."""
_RESOLVERS: Final = yaml.SafeLoader.yaml_implicit_resolvers
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def scalar_text(value: Json) -> str:
    """Return the text of a scalar on one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    return value if _is_plain(value) else _quoted(value)


def literal_lines(value: Json) -> list[str] | None:
    """Return a text as the lines of a block scalar; the first is ``|`` or ``|-``."""
    if not isinstance(value, str) or "\n" not in value.strip("\n"):
        return None
    body = value[:-1] if value.endswith("\n") else value
    lines = body.split("\n")
    fits = lines[0][:1].strip() and lines[-1] and not any(line.endswith(" ") for line in lines)
    if not fits or not all(line.isprintable() for line in lines):
        return None
    return ["|" if value.endswith("\n") else "|-", *lines]


def _is_plain(text: str) -> bool:
    if not _PLAIN.fullmatch(text) or not text.isprintable() or text in (".", "..", "..."):
        return False
    if _OTHER_READERS.fullmatch(text):
        return False
    candidates = [*_RESOLVERS.get(text[0], ()), *_RESOLVERS.get(None, ())]
    return not any(pattern.match(text) for _, pattern in candidates)


def _quoted(text: str) -> str:
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
