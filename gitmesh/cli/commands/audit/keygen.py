"""``gitmesh keygen``: a key that signs checkpoints."""

from pathlib import Path

import click

from gitmesh.cli.options import examples, json_option
from gitmesh.cli.output import emit_json


@click.command(
    "keygen",
    short_help="Create a key pair for signed checkpoints of the log.",
    epilog=examples("gitmesh keygen /etc/gitmesh/shop.key --name shop.example"),
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--name",
    required=True,
    help="The name of the log in its checkpoints, such as shop.example.",
)
@json_option
def command(file: Path, name: str, as_json: bool) -> None:
    """Create an Ed25519 key pair: FILE, readable only by you, and FILE.pub, the public key.

    FILE must be outside every repository. Give it to gitmesh serve with --checkpoint-key; give
    FILE.pub to everyone who verifies the log.
    """
    from gitmesh.audit.checkpoint_keys import make, public_path
    from gitmesh.json_shapes.audit import key_pair_shape

    public = make(file, name)
    if as_json:
        emit_json(key_pair_shape(file, public))
        return
    click.echo(f"made {file} (keep it secret) and {public_path(file)}:")
    for each in public:
        click.echo(f"  {each}")
