"""The mirror of the remote repository that a server follows."""

import logging
from pathlib import Path

from events.opening import open_for_reading
from events.store import EventStore
from gitmesh.environment import process_environment
from gitmesh.queries.log_location import log_path
from gitmesh.settings import Settings
from mesh.errors import GitmeshError
from reconciler.reading.source import SourceUnavailable
from reconciler.remote.access import RemoteAccess
from reconciler.remote.address import RemoteAddress
from reconciler.remote.follow import RemoteFollower, RemotePace
from reconciler.remote.mirror import Mirror

_log = logging.getLogger(__name__)


def default_mirror(address: RemoteAddress) -> Path:
    """Return where the mirror of a remote is by default: below ``XDG_STATE_HOME``."""
    state = process_environment().get("XDG_STATE_HOME", "")
    base = Path(state) if state.startswith("/") else Path.home() / ".local" / "state"
    return base / "gitmesh" / "mirrors" / f"{address.name}.git"


def open_mirror(address: RemoteAddress, path: Path, settings: Settings) -> Mirror:
    """Open the mirror of a remote repository, and make it if there is none.

    If the mirror has no commit yet, the branch is fetched, which may take long. Otherwise nothing
    is asked of the remote: the server starts without it.

    :raises UsageError: the settings do not fit the address, or the path has something else.
    :raises SourceUnavailable: nothing was ever fetched, and the remote cannot be read now.
    """
    access = RemoteAccess(
        token_file=settings.remote_token_file,
        ssh_key=settings.remote_ssh_key,
        known_hosts=settings.remote_known_hosts,
        ca_file=settings.remote_ca_file,
        inherited=process_environment(),
    )
    mirror = Mirror.create(path, address, access, settings.branch or None)
    if not mirror.has_branch:
        _log.info("fetching", extra={"remote": address.url, "mirror": str(path)})
        try:
            mirror.fetch()
        except SourceUnavailable as error:
            if not _has_mesh(path, settings):
                raise
            _log.warning("%s; the mesh in the log is served meanwhile", error.line)
    return mirror


def remote_follower(mirror: Mirror, log: EventStore, settings: Settings) -> RemoteFollower:
    """Return what keeps a mirror like its remote."""
    return RemoteFollower(mirror, log, RemotePace(settings.remote_poll_s))


def _has_mesh(path: Path, settings: Settings) -> bool:
    try:
        with open_for_reading(log_path(path, settings.log)) as reading:
            return reading.served_commit() is not None
    except GitmeshError:
        return False
