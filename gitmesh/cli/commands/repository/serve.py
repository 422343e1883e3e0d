"""``gitmesh serve``: follow a repository and serve its mesh to proxies."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli.options import REMOTE, examples, json_option, log_option, repo_named

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitmesh.settings import Settings
    from reconciler.remote.address import RemoteAddress

DEFAULT_CONSOLE = "127.0.0.1:18090"


@click.command(
    "serve",
    short_help="Follow a repository and serve its mesh to proxies.",
    epilog=examples(
        "gitmesh serve shop.git",
        "gitmesh serve shop.git --branch live --listen 127.0.0.1:18001",
        "gitmesh serve shop.git --log /var/lib/gitmesh/events.sqlite3",
        "gitmesh serve shop.git --http 127.0.0.1:18080 --http-anonymous",
        "gitmesh serve shop.git --console",
        "gitmesh serve https://forge.example/team/shop.git --branch main \\",
        "    --remote-token-file token",
        "gitmesh serve git@forge.example:team/shop.git --remote-ssh-key deploy-key",
        "gitmesh serve shop.git --workers 4 --max-connection-age 3600",
        "gitmesh serve shop.git --listen 0.0.0.0:18000 --tls-cert xds.pem --tls-key xds.key \\",
        "    --tls-client-ca proxies.pem --tls-trust-domain shop.example",
    ),
)
@repo_named("The repository to follow.")
@click.option("--branch", help="The branch to follow. Default: the one that HEAD names.")
@log_option
@click.option(
    "--mirror",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="PATH",
    help="Where to keep the mirror of a remote REPO. Default: below "
    "~/.local/state/gitmesh/mirrors.",
)
@click.option(
    "--remote-poll",
    "remote_poll_s",
    type=float,
    metavar="SECONDS",
    help="Ask a remote REPO for its branch this often, ±10 %. Default: 15.",
)
@click.option(
    "--remote-token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The access token for a remote REPO over HTTPS, in the first line of FILE, which is read "
    "anew each time.",
)
@click.option(
    "--remote-ssh-key",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The private key for a remote REPO over SSH, without a passphrase.",
)
@click.option(
    "--remote-known-hosts",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The host keys for a remote REPO over SSH; others are refused. Default: "
    "~/.ssh/known_hosts.",
)
@click.option(
    "--remote-ca-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The CA that signs the certificate of a remote REPO over HTTPS. Default: those of the "
    "system.",
)
@click.option(
    "--webhook-secret-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Fetch a remote REPO at once when its forge sends a webhook to /webhook of --http, signed "
    "with the secret in the first line of FILE (see docs/remotes.md).",
)
@click.option(
    "--listen",
    metavar="IP:PORT",
    help="The address that proxies connect to; unix:PATH for a Unix socket. Default: "
    "127.0.0.1:18000.",
)
@click.option(
    "--insecure-listen",
    is_flag=True,
    default=None,
    help="Allow --listen on a non-loopback address without TLS. Anyone who can connect can "
    "read the mesh.",
)
@click.option(
    "--tls-cert",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Use mutual TLS, with this certificate and its chain, in PEM. The server reloads the "
    "three TLS files when they change.",
)
@click.option(
    "--tls-key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The private key of --tls-cert, in PEM.",
)
@click.option(
    "--tls-client-ca",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The CA that signs the certificates of proxies. Each certificate must name the "
    "proxy's node (see above).",
)
@click.option(
    "--tls-trust-domain",
    metavar="NAME",
    help="The trust domain required in certificates of proxies. Default: any.",
)
@click.option(
    "--max-streams",
    type=int,
    metavar="N",
    help="Maximum number of streams per process. Default: 10,000.",
)
@click.option(
    "--max-streams-of-node",
    type=int,
    metavar="N",
    help="Maximum number of streams per virtual node or gateway, in each process. Default: 5,000.",
)
@click.option(
    "--new-stream-rate",
    type=float,
    metavar="N",
    help="Rate limit for new streams per second, with a burst of four times as many. The "
    "server refuses streams above it, and clients retry. Default: 1,000.",
)
@click.option(
    "--max-connection-age",
    "max_connection_age_s",
    type=float,
    metavar="SECONDS",
    help="Close connections of this age (±10 %), so that reconnecting proxies spread over "
    "servers and workers. Default: never.",
)
@click.option(
    "--workers",
    type=int,
    metavar="N",
    help="Serve proxies from N worker processes, on one port. Default: 0, serve from this process.",
)
@click.option(
    "--checkpoint-key",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Sign checkpoints of the event log with this key, and store them in "
    "refs/gitmesh/checkpoints of REPO.",
)
@click.option(
    "--http",
    metavar="IP:PORT",
    help="Answer the App Mesh API on this address, for the aws command line and SDKs: each write "
    "is a commit. Default: off.",
)
@click.option(
    "--http-credentials",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Credentials of the API's callers (see docs/api.md). Only you may be able to read FILE.",
)
@click.option(
    "--http-anonymous",
    is_flag=True,
    default=None,
    help="Let everyone on this machine call the API without credentials; --http must then be a "
    "loopback address.",
)
@click.option(
    "--http-tls-cert",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Speak TLS on the --http address, with this certificate and its chain, in PEM. The server "
    "reloads both TLS files when they change.",
)
@click.option(
    "--http-tls-key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The private key of --http-tls-cert, in PEM.",
)
@click.option(
    "--http-rate",
    type=int,
    metavar="N",
    help="Maximum requests per second of one caller of the API. Default: 2,000.",
)
@click.option(
    "--console",
    is_flag=False,
    flag_value=DEFAULT_CONSOLE,
    metavar="[IP:PORT]",
    help="Serve the console, for browsers, on this address; without one on "
    f"{DEFAULT_CONSOLE} (see docs/console.md). Default: off.",
)
@click.option(
    "--console-users",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="People who may sign in to the console (see gitmesh user). Without it, everybody on this "
    "machine may; --console must then be a loopback address.",
)
@click.option(
    "--console-tls-cert",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Speak TLS on the --console address, with this certificate and its chain, in PEM. The "
    "server reloads both TLS files when they change.",
)
@click.option(
    "--console-tls-key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The private key of --console-tls-cert, in PEM.",
)
@click.option(
    "--console-url",
    metavar="URL",
    help="The URL by which browsers reach the console, if a proxy in front has another name.",
)
@click.option(
    "--account-id",
    metavar="NUMBER",
    help="The AWS account that ARNs name. Default: accountId in gitmesh.yaml, or 000000000000.",
)
@click.option("--region", help="The AWS region that ARNs name. Default: us-east-1.")
@click.option(
    "--report-interval",
    "report_interval_s",
    type=float,
    metavar="SECONDS",
    help="Ask proxies to report their load this often. Default: 10.",
)
@click.option(
    "--traffic-days",
    type=float,
    metavar="DAYS",
    help="Keep reported traffic for this long, in a file beside the event log. Default: 8.",
)
@click.option(
    "--poll",
    "poll_s",
    type=float,
    metavar="SECONDS",
    help="Check the branch this often, in addition to file events. Default: 1.",
)
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]))
@json_option
@click.pass_obj
def command(
    settings: "Settings", /, repo: Path, log_level: str | None, as_json: bool, **options: object
) -> None:
    """Follow REPO and serve its mesh to Envoys over xDS, until Ctrl-C, SIGTERM or SIGHUP.

    REPO is a path, or the address of a repository on a forge: https://…, ssh://…, git@host:path.
    The server then keeps a mirror of the branch, which other commands take as --repo, by its path
    or by the same address. While the forge cannot be reached, the newest mesh that was fetched is
    served.

    The server checks and logs every commit on the branch, and serves the last valid one. REPO can
    be bare or not. The server writes only two things to it: the event log in its git directory (see
    --log), and refs/gitmesh/, which holds signed checkpoints and commits that force pushes removed
    from the branch. The error stream gets one line for each commit and one each time all proxies
    are in sync; with --json the lines are JSON objects.

    With TLS, a proxy gets the configuration of a node only if its certificate names that node:
    spiffe://TRUST-DOMAIN/mesh/MESH/virtualNode/NAME, or virtualGateway. With --tls-trust-domain,
    the DNS name NAME.virtualnode.MESH.TRUST-DOMAIN is accepted as well.
    """
    from gitmesh.push.hook_process import hook_process
    from gitmesh.server.error_stream import captured
    from gitmesh.server.log_format import log_to_stderr
    from mesh.errors import UsageError

    settings = settings.overridden(log_level=log_level, **options)
    address = click.get_current_context().meta.get(REMOTE)
    repo = settings.mirror or repo if address else repo
    if settings.webhook_secret_file and not (address and settings.http):
        raise UsageError(
            "--webhook-secret-file needs a remote repository and the HTTP API",
            hint="give the address of a repository, and --http",
        )
    # A mirror has no hooks: nobody pushes to it.
    branch = settings.branch or None
    hooks = nullcontext(_nothing) if address else hook_process(repo, settings.log, branch)
    with hooks as answer_hooks, captured() as stream:
        log_to_stderr(settings.log_level, as_json=as_json, stream=stream)
        try:
            _serve(repo, settings, as_json, stream.fileno(), answer_hooks, address)
        finally:
            log_to_stderr(settings.log_level, as_json=as_json)


def _serve(
    repo: Path,
    settings: "Settings",
    as_json: bool,
    error_stream: int,
    answer_hooks: "Callable[[], object]",
    address: "RemoteAddress | None",
) -> None:
    import logging

    from gitmesh.server.serve import Ready, serve

    def ready(now: Ready) -> None:
        answer_hooks()
        logging.getLogger("gitmesh").info(
            "ready", extra={"listen": now.listen, "commit": now.commit or "none"}
        )

    mirror = None
    if address is not None:
        from gitmesh.service.repository.mirroring import open_mirror

        mirror = open_mirror(address, repo, settings)
    serve(repo, settings, ready, logs_as_json=as_json, error_stream=error_stream, remote=mirror)


def _nothing() -> None:
    """Do nothing."""
