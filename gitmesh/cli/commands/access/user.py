"""``gitmesh user``: people who sign in to the console."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli.help_text import Context
from gitmesh.cli.options import examples, json_option
from gitmesh.cli.output import emit_json, table
from gitmesh.safe_text import visible

if TYPE_CHECKING:
    from gitmesh.access.users.user import User

_FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.group(
    "user",
    short_help="Add, list and remove people who sign in to the console.",
    epilog=examples(
        "gitmesh user add /etc/gitmesh/users.toml ada --name Ada --role write",
        "gitmesh user list /etc/gitmesh/users.toml",
        "gitmesh user remove /etc/gitmesh/users.toml ada",
    ),
)
def command() -> None:
    """Change the file that gitmesh serve --console-users reads.

    Each change replaces the file at once, with mode 0600, and keeps its comments. A running server
    reads the file again by itself. Roles and [oidc] are written by hand: see docs/console.md.
    """


@command.command(
    "add",
    short_help="Add a user.",
    epilog=examples(
        "gitmesh user add users.toml ada --name Ada --email ada@shop.example --role write",
        "pass show ada | gitmesh user add users.toml ada --name Ada --password-stdin",
    ),
)
@_FILE
@click.argument("login")
@click.option("--name", required=True, help="The person's name: author of their commits.")
@click.option("--email", default="", help="The person's e-mail address.")
@click.option(
    "--role", default="read", show_default=True, help="read, write, or a role that FILE defines."
)
@click.option(
    "--mesh", "meshes", multiple=True, help="Limit the role to this mesh; may be given repeatedly."
)
@click.option(
    "--expires", metavar="TIME", help="When the user expires: 2027-06-30. Default: never."
)
@click.option("--password-stdin", is_flag=True, help="Read the password from the standard input.")
@json_option
def add(
    file: Path,
    login: str,
    name: str,
    email: str,
    role: str,
    meshes: tuple[str, ...],
    expires: str | None,
    password_stdin: bool,
    as_json: bool,
) -> None:
    """Add a person who signs in as LOGIN to FILE, which is created if need be.

    The password is asked for at the terminal. FILE has only its argon2id hash.
    """
    from gitmesh.access.credential_changes import NewCaller
    from gitmesh.access.users.user_changes import add_user

    person = NewCaller(name, email, role, meshes, _time(expires))
    made = add_user(file, login, person, _password(from_stdin=password_stdin))
    _tell(file, made, "added", as_json=as_json)


@command.command("list", short_help="List users.", epilog=examples("gitmesh user list users.toml"))
@_FILE
@json_option
def list_(file: Path, as_json: bool) -> None:
    """List the users in FILE."""
    from gitmesh.access.users.user_file import read_users

    found = read_users(file).user
    if as_json:
        from gitmesh.json_shapes.credentials import users_shape

        emit_json(users_shape(file, found))
    elif found:
        click.echo(table([("LOGIN", "ROLE", "EXPIRES", "NAME"), *map(_row, found)]))
    else:
        click.echo("no user")


@command.command(
    "remove",
    short_help="Remove a user.",
    epilog=examples("gitmesh user remove users.toml ada"),
)
@_FILE
@click.argument("login")
@json_option
def remove(file: Path, login: str, as_json: bool) -> None:
    """Remove LOGIN from FILE. Their sessions end with it."""
    from gitmesh.access.users.user_changes import remove_user

    _tell(file, remove_user(file, login), "removed", as_json=as_json)


for _each in command.commands.values():
    _each.context_class = Context


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    from events.clock import utc_now
    from gitmesh.queries.timespec import parse_time
    from mesh.errors import UsageError

    found = parse_time(text, utc_now())
    if found is None:
        raise UsageError(f"{text!r} is no time", hint="write 2027-06-30 or 2027-06-30T12:00Z")
    return found


def _tell(file: Path, user: "User", what: str, *, as_json: bool) -> None:
    if as_json:
        from gitmesh.json_shapes.credentials import users_shape

        emit_json(users_shape(file, [user]))
    else:
        click.echo(f"{what} {user.login}: {visible(user.name)}, role {user.role}")


def _row(user: "User") -> tuple[str, ...]:
    meshes = f" in {', '.join(user.meshes)}" if user.meshes else ""
    return (
        user.login,
        visible(user.role + meshes),
        "never" if user.expires is None else user.expires.isoformat(),
        visible(user.name + (f" <{user.email}>" if user.email else "")),
    )
