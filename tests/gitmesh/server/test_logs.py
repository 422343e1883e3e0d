"""Log lines are readable, and machines can parse them."""

import json
import logging
import sys
from collections.abc import Iterator

import pytest

from gitmesh.server.log_format import JsonFormatter, KeyValueFormatter, log_to_stderr


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


EVIL = "a\x1b[2J\x08\x7f\x9b\u202e\u2028\x85b"


@pytest.mark.parametrize("formatter", [KeyValueFormatter(), JsonFormatter()])
def test_nothing_in_a_line_steers_a_terminal(formatter: logging.Formatter) -> None:
    line = formatter.format(record(f"left: {EVIL}", subject=EVIL))
    assert not set(line) & set(EVIL) - set("a[2Jb")
    assert line.count("u202e") == 2
    assert len(line.splitlines()) == 1


def test_json_lines_are_exact_all_the_same() -> None:
    line = json.loads(JsonFormatter().format(record(EVIL, subject=EVIL, author="Żółć")))
    assert (line["message"], line["subject"], line["author"]) == (EVIL, EVIL, "Żółć")


def test_a_line_break_in_a_message_cannot_forge_a_line() -> None:
    assert "\n" not in KeyValueFormatter().format(record("left: a\n2026 INFO forged"))


def test_a_traceback_keeps_its_lines_and_steers_nothing() -> None:
    try:
        raise ValueError(EVIL)
    except ValueError:
        text = KeyValueFormatter().format(record("x", exc_info=sys.exc_info()))
    assert text.count("\n") > 2
    assert not set(text) & set("\x1b\x08\x7f\x9b\u202e\u2028\x85")


@pytest.fixture
def fresh_logging() -> Iterator[None]:
    """Put the process's logging back afterwards."""
    root, watcher = logging.getLogger(), logging.getLogger("watchfiles")
    handlers, level, watching = root.handlers[:], root.level, watcher.level
    watcher.setLevel(logging.NOTSET)
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    watcher.setLevel(watching)


@pytest.mark.usefixtures("fresh_logging")
def test_the_library_that_watches_files_does_not_tell_of_each_change(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log_to_stderr("info")
    logging.getLogger("watchfiles.main").info("1 change detected")
    logging.getLogger("watchfiles.main").warning("out of watches")
    logging.getLogger("gitmesh").info("commit applied")
    told = capsys.readouterr().err
    assert [line.split(maxsplit=2)[2] for line in told.splitlines()] == [
        "out of watches",
        "commit applied",
    ]
