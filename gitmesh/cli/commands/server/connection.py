"""Options that name a server, and the connection to it."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from gitmesh.cli.options import Command

if TYPE_CHECKING:
    from gitmesh.client.server_api import ServerApi
    from gitmesh.settings import Settings


def server_options(command: Command) -> Command:
    """Add ``--server`` and ``--context``; the command gets a function ``connect``."""

    @click.option(
        "--server",
        metavar="URL",
        help="The server: the address of gitmesh serve --http. Default: GITMESH_SERVER, else the "
        "context.",
    )
    @click.option(
        "--context",
        metavar="NAME",
        help="A server in ~/.config/gitmesh/context.toml. Default: GITMESH_CONTEXT, else its "
        "current one.",
    )
    @click.pass_obj
    @functools.wraps(command)
    def merged(
        settings: "Settings", /, *args: Any, server: str | None, context: str | None, **rest: Any
    ) -> Any:
        return command(*args, connect=lambda: _connected(settings, server, context), **rest)

    return merged  # type: ignore[return-value]


Connect = Callable[[], "ServerApi"]


def _connected(settings: "Settings", server: str | None, context: str | None) -> "ServerApi":
    from gitmesh.client.connecting import server_endpoint
    from gitmesh.client.contexts import context_path, read_context
    from gitmesh.client.server_api import ServerApi
    from gitmesh.environment import process_environment
    from mesh.errors import UsageError

    url = server or ("" if context else settings.server)
    if url:
        return ServerApi(server_endpoint(url, settings.token))
    path = context_path(process_environment())
    found = read_context(path, context or settings.context)
    if found is None:
        raise UsageError(
            "no server is given",
            hint="name it: --server http://127.0.0.1:18080, or GITMESH_SERVER, or a context in "
            f"{path}",
        )
    token = settings.token or found.token
    return ServerApi(server_endpoint(found.server, token, found.region, found.ca_file))
