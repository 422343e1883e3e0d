"""Escaping of untrusted text for a terminal: control characters are shown instead of sent.

Commit subjects, names, and text of proxies may be hostile. Terminals obey control characters, and
bidirectional controls make text look different from its content
(https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters).
"""

from typing import Final


def _codes(*ranges: tuple[int, int]) -> list[int]:
    return [code for first, last in ranges for code in range(first, last + 1)]


_STEERING: Final = _codes(
    (0x00, 0x1F),  # C0, with escape, backspace and the line feed
    (0x7F, 0x9F),  # delete and C1, which holds one-character forms of escape sequences
    (0x061C, 0x061C),  # marks and controls of bidirectional text
    (0x200E, 0x200F),
    (0x202A, 0x202E),
    (0x2066, 0x2069),
    (0x2028, 0x2029),  # line and paragraph separator
    (0xD800, 0xDFFF),  # lone surrogates, which no output can encode
)
_NAMED: Final = {ord("\n"): r"\n", ord("\r"): r"\r", ord("\t"): r"\t"}
_SHOWN: Final = {
    code: _NAMED.get(code) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
    for code in _STEERING
}
_SHOWN_IN_JSON: Final = {code: f"\\u{code:04x}" for code in _STEERING if code != ord("\n")}


def visible(text: str) -> str:
    r"""Return text as one line without terminal controls: ``\x1b`` stands for an escape.

    Backslashes stay as they are, so the result cannot be converted back reliably.
    """
    return text.translate(_SHOWN)


def visible_lines(text: str) -> str:
    """Return trusted text of several lines; each line is :func:`visible`."""
    return "\n".join(map(visible, text.split("\n")))


def visible_json(text: str) -> str:
    """Return the same JSON, with strings escaped so that they are safe for a terminal.

    :param text: JSON text; line feeds between values stay.
    """
    return text.translate(_SHOWN_IN_JSON)
