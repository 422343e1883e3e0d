"""Options for the kind of client and its addressing: ``--client`` and ``--explicit``."""

import click

from mesh.errors import UsageError

CLIENTS = ("envoy", "grpc")

PARTS = ("ingress", "egress", "application")

explicit_option = click.option(
    "--explicit",
    metavar="ingress=IP,egress=IP[,application=IP]",
    help="Explicit addressing: the proxy binds these addresses, no traffic is redirected. "
    "Default: traffic is intercepted, as in App Mesh.",
)


client_option = click.option(
    "--client",
    type=click.Choice(CLIENTS),
    default=CLIENTS[0],
    show_default=True,
    help="The kind of client: an Envoy beside the application, or the application's own gRPC "
    "library.",
)


def node_metadata(explicit: str | None, client: str) -> dict[str, str]:
    """Return the Envoy node metadata for the options ``--explicit`` and ``--client``.

    :raises UsageError: a part is unknown or has no value.
    """
    return {**addressing_metadata(explicit), "client": client}


def addressing_metadata(explicit: str | None) -> dict[str, str]:
    """Return the Envoy node metadata for the option ``--explicit``; empty without it.

    :raises UsageError: a part is unknown or has no value.
    """
    if explicit is None:
        return {}
    metadata = {"addressing": "explicit"}
    for part in explicit.split(","):
        name, _, address = part.strip().partition("=")
        if name not in PARTS or not address:
            raise UsageError(
                f"--explicit: {part!r} is unknown or has no value",
                hint="write ingress=127.0.1.1,egress=127.0.1.2,application=127.0.1.3",
            )
        metadata[name] = address
    return metadata
