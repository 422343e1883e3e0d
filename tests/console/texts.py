"""Texts of the console for its catalogues. ``python -m tests.console.texts`` writes them anew.

It keeps what is translated, adds new texts without a translation, and drops what is gone. Texts
are sorted and carry no places, so that several people can add some at once.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.pofile import read_po, write_po

GITMESH: Final = Path(__file__).parents[2] / "gitmesh"
CONSOLE: Final = GITMESH / "console"
_BESIDE: Final = (
    "diagnosis/delivery.py",
    "diagnosis/traffic.py",
    "queries/refusal_locations.py",
    "rendering/delivery_narration.py",
    "rendering/narration.py",
)
"""Modules whose sentences the command line prints in English, and the console in any language."""
_KEYWORDS: Final = {"_": None, "gettext": None, "ngettext": (1, 2), "mark": None}
_HOW: Final = [("**.py", "python"), ("**.html", "jinja2")]
_OPTIONS: Final = {
    "**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true"}
}

_VALUE: Final = re.compile(r"%\(\w+\)s|\{\w+\}")
Strings = str | tuple[str, ...] | list[str] | None


def catalogue_path(code: str) -> Path:
    return CONSOLE / "locale" / code / "LC_MESSAGES" / "console.po"


def catalogue(code: str) -> Catalog:
    path = catalogue_path(code)
    return read_po(BytesIO(path.read_bytes()) if path.exists() else BytesIO(), locale=code)


def extracted() -> Iterator[str | tuple[str, ...]]:
    """Yield the texts of code and templates, and those that the console shares."""
    for name in _BESIDE:
        beside = extract_from_file("python", str(GITMESH / name), keywords=_KEYWORDS)
        yield from (message for _, message, _, _ in beside)
    found = extract_from_dir(str(CONSOLE), _HOW, _OPTIONS, keywords=_KEYWORDS)
    for _, _, message, _, _ in found:
        yield message


def untranslated(code: str) -> list[str]:
    """Return the texts that a catalogue lacks."""
    known = catalogue(code)
    return sorted({_id(each) for each in extracted() if not _is_whole(known.get(_id(each)))})


def superfluous(code: str) -> list[str]:
    """Return the texts of a catalogue that nothing uses."""
    used = {_id(each) for each in extracted()}
    return sorted(_id(each.id) for each in catalogue(code) if each.id and _id(each.id) not in used)


def mismatched(code: str) -> list[str]:
    """Return the texts whose translation names a value that the text does not have."""
    return sorted(
        _id(each.id)
        for each in catalogue(code)
        if each.id and not _values(each.string) <= _values(each.id)
    )


def _values(message: Strings) -> set[str]:
    texts = [message] if isinstance(message, str) else list(message or ())
    return {name for text in texts for name in _VALUE.findall(text)}


def _id(message: str | tuple[str, ...] | list[str]) -> str:
    return message if isinstance(message, str) else message[0]


def _fitting(message: str | tuple[str, ...], string: Strings) -> Strings:
    """Return a translation as one text, or as a form for each number, as the message needs it."""
    if isinstance(message, str):
        return string[0] if isinstance(string, tuple | list) else string
    return (string,) if isinstance(string, str) else string


def _is_whole(message: Message | None) -> bool:
    if message is None:
        return False
    texts = message.string if isinstance(message.string, tuple | list) else [message.string]
    return all(texts)


def main() -> None:
    code = "zh"
    before, after = catalogue(code), Catalog(locale=code, fuzzy=False)
    for each in extracted():
        known = before.get(_id(each))
        after.add(each, None if known is None else _fitting(each, known.string))
    path = catalogue_path(code)
    path.parent.mkdir(parents=True, exist_ok=True)
    out = BytesIO()
    write_po(out, after, width=100, no_location=True, omit_header=True, sort_output=True)
    head = (
        b'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        b'"Language: zh\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
    )
    path.write_bytes(head + out.getvalue())
    print(*untranslated(code), sep="\n")


if __name__ == "__main__":
    main()
