"""Log lines: readable, and splittable by a machine."""

import json
import logging

from gitmesh.logs import JsonFormatter, KeyValueFormatter


def record(message: str, **extra: object) -> logging.LogRecord:
    made = logging.makeLogRecord({"msg": message, "levelname": "INFO", "created": 1_795_000_000.5})
    made.__dict__.update(extra)
    return made


def test_a_line_is_time_level_message_and_pairs_in_order() -> None:
    line = KeyValueFormatter().format(
        record("snapshot converged", commit="a1b2c3d", acked_ms=84.25)
    )
    assert (
        line == "2026-11-18T11:06:40.500Z INFO    snapshot converged commit=a1b2c3d acked_ms=84.2"
    )


def test_values_with_spaces_or_without_text_are_quoted() -> None:
    line = KeyValueFormatter().format(record("x", subject='say "hi"', empty="", path="/a-b.c:1"))
    assert line.endswith('x subject="say \\"hi\\"" empty="" path=/a-b.c:1')


def test_a_line_break_in_a_value_cannot_forge_a_line() -> None:
    assert "\n" not in KeyValueFormatter().format(record("x", subject="a\n2026 INFO forged"))


def test_json_lines_hold_the_same() -> None:
    line = json.loads(JsonFormatter().format(record("x", commit="a", proxies=3)))
    assert line == {
        "at": "2026-11-18T11:06:40.500Z",
        "level": "INFO",
        "message": "x",
        "commit": "a",
        "proxies": 3,
    }
