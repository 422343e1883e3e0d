"""``gitmesh serve``: follow a repository and serve its mesh to proxies."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli.options import examples, json_option, log_option, repo_named

if TYPE_CHECKING:
    from gitmesh.settings import Settings


@click.command(
    "serve",
    short_help="Follow a repository and serve its mesh to proxies.",
    epilog=examples(
        "gitmesh serve shop.git",
        "gitmesh serve shop.git --branch live --listen 127.0.0.1:18001",
        "gitmesh serve shop.git --log /var/lib/gitmesh/events.sqlite3",
        "gitmesh serve shop.git --workers 4 --max-connection-age 3600",
        "gitmesh serve shop.git --listen 0.0.0.0:18000 --tls-cert xds.pem --tls-key xds.key \\",
        "    --tls-client-ca proxies.pem --tls-trust-domain shop.example",
    ),
)
@repo_named("The repository to follow.")
@click.option("--branch", help="The branch to follow. Default: the one that HEAD names.")
@log_option
@click.option(
    "--listen",
    metavar="IP:PORT",
    help="Where proxies connect; unix:PATH makes it a socket file. Default: 127.0.0.1:18000.",
)
@click.option(
    "--insecure-listen",
    is_flag=True,
    default=None,
    help="Allow --listen beyond this machine, in plain text. Anybody there can read the mesh.",
)
@click.option(
    "--tls-cert",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Speak mutual TLS, with this certificate and its chain, in PEM. The three files are read "
    "again when they change.",
)
@click.option(
    "--tls-key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The key of --tls-cert.",
)
@click.option(
    "--tls-client-ca",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Who signs the certificates of proxies. Each must name the proxy's node (see above).",
)
@click.option(
    "--tls-trust-domain",
    metavar="NAME",
    help="The trust domain that certificates of proxies must be of. Default: any.",
)
@click.option(
    "--max-streams",
    type=int,
    metavar="N",
    help="Serve at most N streams in a process. Default: 10,000.",
)
@click.option(
    "--max-streams-of-node",
    type=int,
    metavar="N",
    help="Of them at most N for one virtual node or gateway. Default: 5,000.",
)
@click.option(
    "--new-stream-rate",
    type=float,
    metavar="N",
    help="Let in N new streams a second, and four times as many at once after a quiet time; those "
    "beyond are told to come again. Default: 1,000.",
)
@click.option(
    "--max-connection-age",
    "max_connection_age_s",
    type=float,
    metavar="SECONDS",
    help="Close connections of this age, 10 % sooner or later, so that proxies spread anew over "
    "servers and workers. Default: never.",
)
@click.option(
    "--workers",
    type=int,
    metavar="N",
    help="Serve proxies in N processes beside this one, on one port. Default: in this process.",
)
@click.option(
    "--checkpoint-key",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Sign what the log says with this key, into refs/gitmesh/checkpoints of REPO.",
)
@click.option(
    "--poll", "poll_s", type=float, metavar="SECONDS", help="Look at the branch this often anyway."
)
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]))
@json_option
@click.pass_obj
def command(
    settings: "Settings", /, repo: Path, log_level: str | None, as_json: bool, **options: object
) -> None:
    """Follow REPO and serve its mesh to Envoys over xDS, until Ctrl-C or SIGTERM.

    Every commit on the branch is checked and logged; the last good one is served. REPO is bare or
    not, and is never written to, but for the event log that lives in its git directory (see --log)
    and for refs/gitmesh/: signed checkpoints, and what force pushes took off the branch.
    One line for each commit and for each time the proxies agree goes to the error stream; with
    --json the lines are JSON objects.

    With TLS, a proxy gets the configuration of a node only if its certificate names that node:
    spiffe://TRUST-DOMAIN/mesh/MESH/virtualNode/NAME, or virtualGateway. With --tls-trust-domain the
    DNS name NAME.virtualnode.MESH.TRUST-DOMAIN says the same.
    """
    from gitmesh.server.error_stream import captured
    from gitmesh.server.log_format import log_to_stderr

    settings = settings.overridden(log_level=log_level, **options)
    with captured() as stream:
        log_to_stderr(settings.log_level, as_json=as_json, stream=stream)
        try:
            _serve(repo, settings, as_json, stream.fileno())
        finally:
            log_to_stderr(settings.log_level, as_json=as_json)


def _serve(repo: Path, settings: "Settings", as_json: bool, error_stream: int) -> None:
    import logging

    from gitmesh.server.serve import Ready, serve

    def ready(now: Ready) -> None:
        logging.getLogger("gitmesh").info(
            "ready", extra={"listen": now.listen, "commit": now.commit or "none"}
        )

    serve(repo, settings, ready, logs_as_json=as_json, error_stream=error_stream)
