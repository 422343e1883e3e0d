"""Log lines for people and programs: time, level, message, then ``key=value``."""

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TextIO

from gitmesh.safe_text import visible, visible_json, visible_lines

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:/@+%[]$")


class KeyValueFormatter(logging.Formatter):
    """Formats ``extra`` fields of a log call as ``key=value``, in the given order."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, followed by a traceback if there is one."""
        pairs = [f"{key}={_value(value)}" for key, value in _extra(record).items()]
        head = f"{_at(record)} {record.levelname:<7} {visible(record.getMessage())}"
        line = " ".join([head, *pairs])
        if record.exc_info:
            return f"{line}\n{visible_lines(self.formatException(record.exc_info))}"
        return line


class JsonFormatter(logging.Formatter):
    """Formats each line as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        line = {"at": _at(record), "level": record.levelname, "message": record.getMessage()}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        text = json.dumps({**line, **_extra(record)}, ensure_ascii=False, default=str)
        return visible_json(text)


class _Handler(logging.StreamHandler[TextIO]):
    """Handler that drops lines that cannot be written, because the terminal was closed or the
    reader has ended.

    The report of such an error would go to the error stream, whose lines are logged: an endless
    loop.
    """

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 -- the base's name
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def log_to_stderr(
    level: str,
    *,
    as_json: bool = False,
    always: Mapping[str, object] | None = None,
    stream: TextIO | None = None,
) -> None:
    """Send every log line of the process to the error stream.

    :param always: fields that every line gets, such as the number of the worker process.
    :param stream: destination of log lines, if the error stream itself is captured
        (:mod:`gitmesh.server.error_stream`).
    """
    handler = _Handler(sys.stderr if stream is None else stream)
    if always:
        handler.addFilter(lambda record: vars(record).update(always) or True)
    handler.setFormatter(JsonFormatter() if as_json else KeyValueFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # It counts file changes at INFO, once for each push; what they meant is told by us.
    logging.getLogger("watchfiles").setLevel(logging.WARNING)


def _at(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    return f"{at.removesuffix('+00:00')}Z"


def _extra(record: logging.LogRecord) -> dict[str, object]:
    return {k: v for k, v in vars(record).items() if k not in _STANDARD}


def _value(value: object) -> str:
    text = f"{value:.1f}" if isinstance(value, float) else str(value)
    if text and _PLAIN.issuperset(text):
        return text
    return visible_json(json.dumps(text, ensure_ascii=False))
