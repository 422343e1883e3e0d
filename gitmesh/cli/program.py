"""The command line: finds and runs the command, and turns errors into messages and exit codes."""

import contextlib
import errno
import importlib
import io
import keyword
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any, Final

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.failure import CannotWrite, Failure, Misused, failure_of
from gitmesh.cli.help_text import Context
from gitmesh.cli.interrupts import INTERRUPTS
from mesh.errors import UsageError

_PACKAGE: Final = "gitmesh.cli.commands"
COMMANDS: Final = {
    "init": "repository",
    "hooks": "repository",
    "serve": "repository",
    "new": "specs",
    "explain": "specs",
    "import": "specs",
    "fmt": "specs",
    "validate": "specs",
    "route-test": "specs",
    "plan": "specs",
    "status": "history",
    "proxies": "history",
    "log": "history",
    "show": "history",
    "state": "history",
    "blame": "history",
    "diff": "history",
    "wait": "history",
    "export": "history",
    "get": "server",
    "apply": "server",
    "edit": "server",
    "delete": "server",
    "rollback": "repository",
    "change": "repository",
    "shift": "repository",
    "pin": "repository",
    "unpin": "repository",
    "retry": "repository",
    "doctor": "traffic",
    "top": "traffic",
    "traffic": "traffic",
    "who-calls": "traffic",
    "graph": "specs",
    "translate": "specs",
    "bootstrap": "repository",
    "intercept": "repository",
    "verify": "audit",
    "keygen": "audit",
    "checkpoint": "audit",
    "prove": "audit",
    "backup": "audit",
    "credential": "access",
    "user": "access",
    "demo": "repository",
    "version": "repository",
}
"""Commands in the order of help, with the folder of each in :mod:`gitmesh.cli.commands`."""


class Program(click.Group):
    """A command group that imports a command when it is used, so that every command starts
    quickly."""

    context_class = Context

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Parse the options before the command."""
        try:
            return super().make_context(*args, **extra)
        except click.ClickException as error:
            raise error if isinstance(error, Failure) else Misused(error) from None
        except UsageError as error:  # a setting in the environment
            raise failure_of(error) from error

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the options before the command; ``help COMMAND`` is ``COMMAND --help``.

        Without a command, the help is printed, and the exit code is that of a wrong usage.
        """
        if not args:
            click.echo(ctx.get_help(), color=ctx.color)
            ctx.exit(exit_codes.USAGE)
        if args[0] == "help":
            args = [*args[1:2], "--help"]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name.replace("-", "_")
        command = importlib.import_module(f"{_PACKAGE}.{COMMANDS[cmd_name]}.{module}").command
        assert isinstance(command, click.Command)  # noqa: S101 -- ours, not a user's input
        command.context_class = Context
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for an unknown name, suggest a similar one."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            if not (close := get_close_matches(args[0], COMMANDS, 1)):
                raise
            meant = f"{error.message} Did you mean {close[0]!r}?"
            raise click.UsageError(meant, error.ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Errors are shown without a traceback, unless ``--debug`` is given."""
        try:
            return super().invoke(ctx)
        except (Failure, click.exceptions.Exit, click.Abort):
            raise
        except click.ClickException as error:
            raise Misused(error) from None
        except KeyboardInterrupt:
            raise click.exceptions.Exit(exit_codes.INTERRUPTED) from None
        except BrokenPipeError:  # the reader of our output had enough, as head does
            _write_nowhere()
            raise click.exceptions.Exit(exit_codes.OK) from None
        except Exception as error:
            if INTERRUPTS.exit_code is not None:  # a library made something else of it
                raise click.exceptions.Exit(INTERRUPTS.exit_code) from None
            if _debugging(ctx):
                traceback.print_exc()
            raise failure_of(error) from error


def _write_nowhere() -> None:
    """Discard unwritten output after a broken pipe; otherwise Python prints an error at exit."""
    with contextlib.suppress(OSError):  # a stream that is no file
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _debugging(ctx: click.Context) -> bool:
    return bool(ctx.params.get("debug") or getattr(ctx.obj, "debug", False))


def _codes() -> str:
    rows = [f"  {code:<4} {meaning}" for code, meaning in exit_codes.MEANING.items()]
    return "\b\nExit codes:\n" + "\n".join(rows)


@click.group(
    "gitmesh",
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_codes(),
)
@click.option("--debug", is_flag=True, help="Show a traceback with each error.")
@click.version_option(package_name="gitmesh", prog_name="gitmesh")
@click.pass_context
def program(ctx: click.Context, debug: bool) -> None:
    """A control plane for Envoy: AWS App Mesh specs in git, served over xDS.

    \b
    git push changes routes, git revert undoes it, the event log records who, when and why.

    \b
    New here?   gitmesh demo
    Help:       gitmesh help COMMAND
    Start:      gitmesh init shop.git && gitmesh serve shop.git
    """
    from gitmesh.settings import Settings

    settings = Settings.from_environment().overridden(debug=debug or None)
    ctx.obj = settings
    if settings.no_color:
        ctx.color = False


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; does not return."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What a terminal of another encoding cannot show is spelled.
            stream.reconfigure(errors="backslashreplace")
    try:
        program.main(args=arguments, prog_name="gitmesh")
    except SystemExit as ending:
        failure = _unwritten()
        raise (SystemExit(failure.exit_code) if failure and not ending.code else ending) from None
    except OSError as error:  # while help, or an error, was shown
        if error.errno == errno.EIO:  # on a terminal that was closed
            sys.exit(INTERRUPTS.exit_code or exit_codes.UNAVAILABLE)
        if error.errno not in CannotWrite.ERRNOS:
            raise
        _unwritten()
        failure = CannotWrite(error)
        with contextlib.suppress(OSError):
            failure.show()
        sys.exit(failure.exit_code)


def _unwritten() -> CannotWrite | None:
    """Drop output that there is no room for, and return the error; ``None`` if all is written.

    Python would try again at its end, and then exit with 120 whatever the exit code was.
    """
    found = None
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            if error.errno in CannotWrite.ERRNOS:
                found = CannotWrite(error)
                with open(os.devnull, "wb") as nothing:
                    os.dup2(nothing.fileno(), stream.fileno())
    return found
