"""``--explicit ingress=…,egress=…,application=…``: how an application meets its proxy."""

import click

from mesh.errors import UsageError

PARTS = ("ingress", "egress", "application")

explicit_option = click.option(
    "--explicit",
    metavar="ingress=IP,egress=IP[,application=IP]",
    help="No redirect: the proxy binds these addresses. Default: traffic is intercepted, as in "
    "App Mesh.",
)


def addressing_metadata(explicit: str | None) -> dict[str, str]:
    """Return the metadata that says how traffic reaches a proxy, for :mod:`xds.nodes` to read.

    :raises UsageError: a part is not known or has no value.
    """
    if explicit is None:
        return {}
    metadata = {"addressing": "explicit"}
    for part in explicit.split(","):
        name, _, address = part.strip().partition("=")
        if name not in PARTS or not address:
            raise UsageError(
                f"--explicit: {part!r} is not understood",
                hint="write ingress=127.0.1.1,egress=127.0.1.2,application=127.0.1.3",
            )
        metadata[name] = address
    return metadata
