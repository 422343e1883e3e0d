"""Properties of all commands: help, JSON, exit codes, error messages, start time."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from gitmesh.cli import exit_codes
from gitmesh.cli.program import COMMANDS
from gitmesh.cli.reference_page import page
from mesh.errors import Fatal, Retryable, UsageError
from tests.support.command_line import gitmesh
from tests.support.sample_shop import Shop

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example_of_itself(name: str) -> None:
    shown = gitmesh(name, "--help")
    assert shown.code == 0
    assert f"gitmesh {name}" in shown.out.partition("Examples:")[2]


def test_help_of_the_program_names_every_command_and_every_exit_code() -> None:
    shown = gitmesh("--help").out
    assert all(f"\n  {name} " in shown for name in COMMANDS)
    told = " ".join(shown.split())
    assert all(f"{code} {meaning}" in told for code, meaning in exit_codes.MEANING.items())
    assert "..." not in shown.partition("Commands:")[2], "a short help is cut off"


def test_the_command_reference_is_what_the_commands_say() -> None:
    assert (ROOT / "docs" / "cli.md").read_text() == page(), "run: make golden"


def test_a_command_that_is_not_there_is_wrong_use() -> None:
    refused = gitmesh("sreve")
    assert refused.code == exit_codes.USAGE
    assert "No such command" in refused.err
    assert "Did you mean 'status'?" in gitmesh("stauts").err


def test_a_wrong_environment_is_told_before_anything_is_done() -> None:
    refused = gitmesh("version", GITMESH_LISTN="x")
    assert refused.code == exit_codes.USAGE
    assert "GITMESH_LISTN is not a setting" in refused.err


def test_versions_are_shown() -> None:
    assert gitmesh("version", "--json").json().keys() >= {"gitmesh", "python", "sqlite"}


@pytest.mark.parametrize("affected", [True, False])
def test_a_sqlite_that_can_lose_commits_is_told(
    monkeypatch: pytest.MonkeyPatch, affected: bool
) -> None:
    monkeypatch.setattr("events.sqlite.version.has_wal_reset_bug", lambda: affected)
    assert ("walresetbug" in gitmesh("version").out) is affected
    assert bool(gitmesh("version", "--json").json()["notes"]) is affected


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> type[Exception]:
    """Make the command "version" fail in some way; the test sets which."""

    class Failing:
        error: Exception = RuntimeError("?")

        @staticmethod
        @click.command("version")
        def command() -> None:
            raise Failing.error

    monkeypatch.setitem(sys.modules, "gitmesh.cli.commands.repository.version", Failing)
    return Failing  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("there is no such mesh", hint="name another"), exit_codes.USAGE),
        (Fatal("the log is damaged", hint="name another"), exit_codes.UNAVAILABLE),
        (Retryable("the disk is full", hint="name another"), exit_codes.UNAVAILABLE),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_an_error_of_ours_is_words_a_hint_and_an_exit_code(
    failing: type[Exception], error: Exception, code: int
) -> None:
    failing.error = error  # type: ignore[attr-defined]
    ended = gitmesh("version")
    assert ended.code == code
    assert ended.err == f"error: {error.args[0]}\n  hint: name another\n"


def test_a_fault_shows_a_traceback_only_when_it_is_asked_for(failing: type[Exception]) -> None:
    failing.error = ZeroDivisionError("division by zero")  # type: ignore[attr-defined]
    plain = gitmesh("version")
    assert plain.code == exit_codes.INTERNAL
    assert "ZeroDivisionError: division by zero" in plain.err
    assert "please report it" in plain.err
    assert "Traceback" not in plain.err
    for asked in (gitmesh("--debug", "version"), gitmesh("version", GITMESH_DEBUG="1")):
        assert "Traceback" in asked.err


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_no_fault_of_ours(failing: type[Exception], number: int) -> None:
    failing.error = OSError(number, os.strerror(number))  # type: ignore[attr-defined]
    ended = gitmesh("version")
    assert ended.code == exit_codes.UNAVAILABLE
    assert ended.err.startswith(f"error: cannot write: {os.strerror(number)}\n  hint: ")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM])
def test_what_the_user_may_not_is_no_fault_of_ours(failing: type[Exception], number: int) -> None:
    error = OSError(number, os.strerror(number), "/srv/mesh.git")
    failing.error = error  # type: ignore[attr-defined]
    ended = gitmesh("version")
    assert ended.code == exit_codes.UNAVAILABLE
    assert ended.err.startswith(
        f"error: /srv/mesh.git: {os.strerror(number)}\n  hint: run gitmesh as"
    )


def test_an_error_of_the_system_is_told_in_words(failing: type[Exception]) -> None:
    failing.error = OSError(errno.EINVAL, "Invalid argument")  # type: ignore[attr-defined]
    ended = gitmesh("version")
    assert ended.code == exit_codes.UNAVAILABLE
    assert "Invalid argument" in ended.err
    assert "internal error" not in ended.err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TimeoutError("the gateway does not answer"), "the gateway does not answer"),
        (TimeoutError(), "something was not done in time"),
        (OSError("no name server"), "no name server"),
    ],
)
def test_an_error_that_no_system_call_made_is_not_called_the_systems(
    failing: type[Exception], error: Exception, said: str
) -> None:
    failing.error = error  # type: ignore[attr-defined]
    ended = gitmesh("version")
    assert ended.code == exit_codes.UNAVAILABLE
    assert ended.err.startswith(f"error: {said}\n  hint: run it again")


def in_a_shell(command: str, **environment: str) -> tuple[int, str]:
    """Return the exit code of ``gitmesh``, and what it says on its error stream."""
    script = f'"{sys.executable}" -m gitmesh {command}; exit "${{PIPESTATUS[0]}}"'
    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    return done.returncode, done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("command", ["validate sample-repo", "version --json", "--help"])
def test_output_that_finds_no_room_ends_with_code_3_and_plain_words(
    command: str, unbuffered: str
) -> None:
    code, err = in_a_shell(f"{command} > /dev/full", PYTHONUNBUFFERED=unbuffered)
    assert code == exit_codes.UNAVAILABLE
    assert err.startswith("error: cannot write: No space left on device\n  hint: ")
    assert "Traceback" not in err
    assert len(err.splitlines()) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_the_code_tells_even_where_nothing_can_be_said(unbuffered: str) -> None:
    told = in_a_shell("version > /dev/full 2> /dev/full", PYTHONUNBUFFERED=unbuffered)
    assert told == (exit_codes.UNAVAILABLE, "")


@pytest.mark.parametrize("encoding", ["latin-1", "koi8-r"])
def test_what_a_terminal_cannot_show_is_spelled(shop: Shop, encoding: str) -> None:
    spelled = f"log --repo '{shop.bare}' | grep -cF '\\u2192' >&2"
    code, err = in_a_shell(spelled, PYTHONIOENCODING=encoding)
    assert code == 0
    assert int(err) > 0


def test_a_current_directory_that_is_gone_is_told(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    script = (
        f'mkdir "{gone}" && cd "{gone}" && rmdir "{gone}" && "{sys.executable}" -m gitmesh status'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == exit_codes.USAGE
    assert "error: the current directory no longer exists\n  hint: change to " in done.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_a_reader_who_had_enough_is_no_error(unbuffered: str) -> None:
    said = in_a_shell("validate sample-repo --json | true", PYTHONUNBUFFERED=unbuffered)
    assert said == (exit_codes.OK, "")


def test_an_error_that_quotes_a_stranger_steers_no_terminal(failing: type[Exception]) -> None:
    failing.error = Fatal("no \x9b2J\u202e", hint="try \x1b[2J")  # type: ignore[attr-defined]
    assert gitmesh("version").err == "error: no \\x9b2J\\u202e\n  hint: try \\x1b[2J\n"


def imported_by(*arguments: str) -> set[str]:
    """Return the top packages that a command imports in a process of its own."""
    code = (
        "import sys; sys.argv = ['gitmesh', *sys.argv[1:]]\n"
        "from gitmesh.cli.program import run\n"
        "try: run()\n"
        "except SystemExit: pass\n"
        "print('\\n' + ' '.join({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return set(done.stdout.splitlines()[-1].split())


def test_help_imports_next_to_nothing() -> None:
    heavy = {"pydantic", "pygit2", "grpc", "envoy_data_plane", "sqlite3", "yaml", "watchfiles"}
    assert imported_by("--help") & heavy == set()


def test_looking_at_specs_does_not_import_what_serves_them() -> None:
    heavy = {"grpc", "envoy_data_plane", "sqlite3", "watchfiles"}
    imported = imported_by("validate", str(ROOT / "sample-repo"))
    assert "pygit2" in imported
    assert imported & heavy == set()


def test_reading_the_log_does_not_import_git_or_envoy() -> None:
    assert not imported_by("log", "--help") & {"grpc", "envoy_data_plane", "pygit2"}


def test_colours_are_for_terminals_only(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("kind: Nonsense\n")
    assert "\x1b" not in gitmesh("validate", tmp_path).out
