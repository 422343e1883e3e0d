"""``gitmesh credential``: credentials of the API's callers."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli.help_text import Context
from gitmesh.cli.options import examples, json_option
from gitmesh.cli.output import emit_json, table
from gitmesh.safe_text import visible

if TYPE_CHECKING:
    from gitmesh.access.credential import Credential
    from gitmesh.access.secret import NewSecret

_FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.group(
    "credential",
    short_help="Add, list, rotate and revoke credentials of the API's callers.",
    epilog=examples(
        "gitmesh credential add /etc/gitmesh/credentials.toml --name Alice --role write",
        "gitmesh credential list /etc/gitmesh/credentials.toml",
        "gitmesh credential rotate /etc/gitmesh/credentials.toml AKIDALICE",
        "gitmesh credential revoke /etc/gitmesh/credentials.toml AKIDALICE",
    ),
)
def command() -> None:
    """Manage the credentials in the file that gitmesh serve --http-credentials reads.

    Each change replaces the file atomically, with mode 0600, and keeps its comments. A running
    server reloads the file by itself. Roles are defined by editing the file: see docs/api.md.
    """


@command.command(
    "add",
    short_help="Add an access key or a token.",
    epilog=examples(
        "gitmesh credential add credentials.toml --name Alice --email alice@shop.example",
        "gitmesh credential add credentials.toml --name CI --role write --mesh shop --token",
    ),
)
@_FILE
@click.option("--name", required=True, help="The caller's name: author of their commits.")
@click.option("--email", default="", help="The caller's e-mail address.")
@click.option(
    "--role",
    default="read",
    show_default=True,
    help="read, write, or a role that FILE defines.",
)
@click.option(
    "--mesh", "meshes", multiple=True, help="Limit the role to this mesh; may be given repeatedly."
)
@click.option("--token", is_flag=True, help="Make a bearer token instead of an AWS access key.")
@click.option(
    "--expires", metavar="TIME", help="Time when it expires: 2027-06-30, or 2027-06-30T12:00Z. "
    "Default: never.",
)  # fmt: skip
@json_option
def add(
    file: Path,
    name: str,
    email: str,
    role: str,
    meshes: tuple[str, ...],
    token: bool,
    expires: str | None,
    as_json: bool,
) -> None:
    """Add a credential to FILE, which is created if it does not exist. The secret is printed only
    once.

    An access key is for AWS clients, which sign requests with it; FILE contains its secret. A token
    is sent in the header Authorization: Bearer; FILE contains only its hash.
    """
    from gitmesh.access.credential_changes import NewCaller, add_credential

    caller = NewCaller(name, email, role, meshes, _time(expires))
    made = add_credential(file, caller, token=token)
    if as_json:
        from gitmesh.json_shapes.credentials import new_credential_shape

        emit_json(new_credential_shape(file, made))
        return
    _show(made)


@command.command(
    "list",
    short_help="List credentials without their secrets.",
    epilog=examples("gitmesh credential list credentials.toml"),
)
@_FILE
@json_option
def list_(file: Path, as_json: bool) -> None:
    """List the credentials in FILE."""
    from gitmesh.access.credential_file import read_credentials

    found = list(read_credentials(file).all)
    if as_json:
        from gitmesh.json_shapes.credentials import credentials_shape

        emit_json(credentials_shape(file, found))
    elif found:
        click.echo(table([("ID", "KIND", "ROLE", "EXPIRES", "NAME"), *map(_row, found)]))
    else:
        click.echo("no credential")


@command.command(
    "revoke",
    short_help="Remove a credential.",
    epilog=examples("gitmesh credential revoke credentials.toml AKIDALICE"),
)
@_FILE
@click.argument("credential_id", metavar="ID")
@json_option
def revoke(file: Path, credential_id: str, as_json: bool) -> None:
    """Remove a credential from FILE. From then on, the server refuses it."""
    from gitmesh.access.credential_changes import revoke_credential

    gone = revoke_credential(file, credential_id)
    if as_json:
        from gitmesh.json_shapes.credentials import credentials_shape

        emit_json(credentials_shape(file, [gone]))
        return
    click.echo(f"revoked {gone.id} of {visible(gone.name)}")


@command.command(
    "rotate",
    short_help="Replace a credential by a new one.",
    epilog=examples(
        "gitmesh credential rotate credentials.toml AKIDALICE",
        "gitmesh credential rotate credentials.toml AKIDALICE --overlap 0s",
    ),
)
@_FILE
@click.argument("credential_id", metavar="ID")
@click.option(
    "--overlap",
    default="1d",
    show_default=True,
    metavar="TIME",
    help="Time for which the old credential stays valid: 30m, 2h, 1d; 0s revokes it at once.",
)
@json_option
def rotate(file: Path, credential_id: str, overlap: str, as_json: bool) -> None:
    """Replace a credential by a new one for the same caller and role. The secret is printed only
    once.

    Both credentials are valid during the overlap. If the old one was leaked, use --overlap 0s.
    """
    from events.clock import utc_now
    from gitmesh.access.credential_changes import rotate_credential
    from gitmesh.access.duration import parse_duration

    rotated = rotate_credential(file, credential_id, utc_now(), parse_duration(overlap))
    if as_json:
        from gitmesh.json_shapes.credentials import new_credential_shape

        emit_json(new_credential_shape(file, rotated.made, credential_id, rotated.until))
        return
    _show(rotated.made)
    end = "is revoked" if rotated.until is None else f"expires at {rotated.until.isoformat()}"
    click.echo(f"{credential_id} {end}", err=True)


for _each in command.commands.values():
    _each.context_class = Context


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    from events.clock import utc_now
    from gitmesh.queries.timespec import parse_time
    from mesh.errors import UsageError

    found = parse_time(text, utc_now())
    if found is None:
        raise UsageError(f"{text!r} is not a time", hint="write 2027-06-30 or 2027-06-30T12:00Z")
    return found


def _show(made: "NewSecret") -> None:
    click.echo(f"id:      {made.id}")
    click.echo(f"secret:  {made.secret}")
    click.echo("the secret is not shown again", err=True)


def _row(credential: "Credential") -> tuple[str, ...]:
    meshes = f" in {', '.join(credential.meshes)}" if credential.meshes else ""
    return (
        credential.id,
        credential.kind,
        visible(credential.role + meshes),
        "never" if credential.expires is None else credential.expires.isoformat(),
        visible(credential.name + (f" <{credential.email}>" if credential.email else "")),
    )
