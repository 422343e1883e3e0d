"""Rules of access logs. Envoy refuses a whole listener if it cannot parse a log format."""

import re
from collections.abc import Iterator
from typing import Final

from mesh.problems.problem import Problem
from mesh.spec.logging import JsonFormatRef, Logging, LoggingFormat
from mesh.validation.document.place import Place

# Envoy, "Access logging: format strings": %% or %COMMAND(…):LENGTH%.
_COMMANDS: Final = re.compile(r"%(?:%|[A-Z0-9_]+(?:\([^)]*\))?(?::[0-9]+)?%)")


def access_log(logging: Logging | None, at: Place) -> Iterator[Problem]:
    """Require a valid file path, and formats whose command operators Envoy can parse."""
    if logging is None or logging.access_log is None or logging.access_log.file is None:
        return
    file, here = logging.access_log.file, at / "accessLog" / "file"
    if "\0" in file.path or "\n" in file.path:
        yield (here / "path").error("control-character", "this cannot be the name of a file")
    if file.format is not None:
        yield from _format(file.format, here / "format")


def _format(form: LoggingFormat, at: Place) -> Iterator[Problem]:
    if form.text is not None:
        yield from _commands(form.text, at / "text")
    yield from _members(form.json_ or (), at / "json")


def _members(members: tuple[JsonFormatRef, ...], at: Place) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, member in enumerate(members):
        yield from _commands(member.value, at / index / "value")
        earlier = first.setdefault(member.key, index)
        if earlier != index:
            message = f'the key "{member.key}" is used twice; item {earlier} has it already'
            yield (at / index / "key").error("duplicate-log-key", message)


def _commands(text: str, at: Place) -> Iterator[Problem]:
    rest = _COMMANDS.sub("", text)
    if "%" in rest:
        message = 'a "%" does not begin a command operator of the form %COMMAND(…):LENGTH%'
        yield at.error("bad-log-format", message, 'write "%%" for a percent sign')
