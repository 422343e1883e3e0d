"""Single values as the text of an input, and back.

A text that an input could not return as it was is written as JSON instead, and marked as such:
an empty text, line ends that browsers change, a text where a number belongs.
"""

import json
import re
from typing import Any, Final

from gitmesh.console.forms.field import FormField, Shape
from mesh.canonical import Json

ABSENT: Final = None
"""A field that is not set. A ``null`` of a document means the same."""

_WHOLE: Final = re.compile(r"[-+]?[0-9]{1,18}", re.ASCII)
_CHANGED: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
"""Characters that a browser changes or cannot show in an input."""
_DEEPEST: Final = 32
_FLAGS: Final = {"true": True, "false": False}


def typed_value(field: FormField, text: str) -> Json:
    """Return the value of a typed text; :data:`ABSENT` if it is empty.

    A text that does not fit the field stays a text, so that it can be shown with the problem.
    """
    if text == "":
        return ABSENT
    if field.shape is Shape.NUMBER and _WHOLE.fullmatch(text.strip()):
        return int(text)
    if field.shape is Shape.FLAG:
        return _FLAGS.get(text.strip(), text)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def shown_text(field: FormField, value: Json) -> str | None:
    """Return the text of an input that has this value; None if no input can have it."""
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, int | str):
        text = str(value)
    else:
        return None
    if _CHANGED.search(text):
        return None
    again = typed_value(field, text)
    return text if again == value and type(again) is type(value) else None


def json_text(value: Json) -> str:
    """Return a value as JSON that every browser sends back as it is."""
    return json.dumps(value, ensure_ascii=True)


def json_value(text: str) -> Json:
    """Return the value of a JSON text; the text itself if no document may hold it."""
    try:
        value = json.loads(text, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return text
    return value if _is_flat(value, _DEEPEST) else text


def _is_flat(value: Any, depth: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return depth > 0 and all(_is_flat(each, depth - 1) for each in inner)
