"""``gitmesh serve``: follow a repository and serve its mesh to proxies."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.options import examples, json_option, log_option

if TYPE_CHECKING:
    from gitmesh.settings import Settings


@click.command(
    "serve",
    short_help="Follow a repository and serve its mesh to proxies.",
    epilog=examples(
        "gitmesh serve shop.git",
        "gitmesh serve shop.git --branch live --listen 127.0.0.1:18001",
        "gitmesh serve shop.git --log /var/lib/gitmesh/events.sqlite3",
        "gitmesh serve shop.git --workers 4",
    ),
)
@click.argument("repo", type=click.Path(path_type=Path))
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
    "--workers",
    type=int,
    metavar="N",
    help="Serve proxies in N processes beside this one, on one port. Default: in this process.",
)
@click.option("--poll", type=float, metavar="SECONDS", help="Look at the branch this often anyway.")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]))
@json_option
@click.pass_obj
def command(
    settings: "Settings",
    repo: Path,
    branch: str | None,
    log: Path | None,
    listen: str | None,
    insecure_listen: bool | None,
    workers: int | None,
    poll: float | None,
    log_level: str | None,
    as_json: bool,
) -> None:
    """Follow REPO and serve its mesh to Envoys over xDS, until Ctrl-C or SIGTERM.

    Every commit on the branch is checked and logged; the last good one is served. REPO is bare or
    not, and is never written to, but for the event log that lives in its git directory (see --log).
    One line for each commit and for each time the proxies agree goes to the error stream; with
    --json the lines are JSON objects.
    """
    from gitmesh.logs import log_to_stderr

    settings = settings.overridden(
        branch=branch,
        log=log,
        listen=listen,
        insecure_listen=insecure_listen,
        workers=workers,
        poll_s=poll,
        log_level=log_level,
    )
    log_to_stderr(settings.log_level, as_json=as_json)
    import logging

    from gitmesh.serve import Ready, serve

    def ready(now: Ready) -> None:
        logging.getLogger("gitmesh").info(
            "ready", extra={"listen": now.listen, "commit": now.commit or "none"}
        )

    serve(repo, settings, ready, logs_as_json=as_json)
