"""The server: reconciler and xDS server in one process; if one part fails, all end."""

import asyncio
import contextlib
import gc
import logging
import shlex
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from events.latest import Latest
from events.logged_commits import LoggedCommits
from events.opening import engine, open_for_reading, open_for_writing
from events.publication import Publication
from events.store import LogReplaced
from gitmesh.audit.checkpoint_keys import read_beside, read_secret
from gitmesh.hooks.scripts import told
from gitmesh.inbox.spool import pins, pushes, refused_pushes
from gitmesh.queries.log_location import git_dir, log_path
from gitmesh.rendering.narration import short
from gitmesh.server.checkpoint_signing import sign_at_the_end, sign_checkpoints
from gitmesh.server.event_logger import EventLogger
from gitmesh.server.pinning import Pinning
from gitmesh.server.push_import import Pushes, take_refused
from gitmesh.server.task_group import run_together
from gitmesh.server.worker import GC_THRESHOLDS
from gitmesh.server.worker_messages import Hello
from gitmesh.server.workers import serve_in_workers
from gitmesh.service.shifts.loop import ShiftLoop
from gitmesh.settings import Settings
from gitmesh.traffic.collector import Collector
from mesh.errors import Fatal, GitmeshError, Retryable, UsageError
from reconciler.attempt import Attempts, attempt_path
from reconciler.git.repository import GitRepository
from reconciler.known_commits import ReadSteps
from reconciler.loop import Pace, Startup, reconcile
from reconciler.reading.reader import Progress
from reconciler.rules_declaration import declare
from xds.delivery.recorder import Recorder
from xds.reports.measured import Measured
from xds.server.discovery import check_listening, serve_ads
from xds.server.settings import AdsSettings, TlsFiles
from xds.snapshots.cache import SnapshotCache

if TYPE_CHECKING:
    from gitmesh.server.console import BoundConsole
    from gitmesh.server.http_api import HttpApi
    from gitmesh.service.resources.change import ResourceChanges
    from reconciler.remote.mirror import Mirror

_log = logging.getLogger(__name__)

PROGRESS_EVERY_S = 1.0
RESTORED_WITHIN_S = 30.0
"""Maximum time for which a server tries to open a log file that replaced its own."""
READY_WITHIN_S = 10.0
"""Maximum time for which the first read of the branch delays the line that reports readiness."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Facts about a server that has become ready."""

    listen: str
    commit: str | None


def serve(
    path: Path,
    settings: Settings,
    ready: Callable[[Ready], None] = lambda _: None,
    *,
    logs_as_json: bool = False,
    error_stream: int | None = None,
    remote: "Mirror | None" = None,
) -> None:
    """Serve a repository until SIGTERM, SIGINT or SIGHUP; then shut down gracefully and return.

    At shutdown, streams end first, and the log is complete. Calls ``ready`` once proxies are
    answered. If another file replaces the event log, all parts restart with it.

    :param logs_as_json: log format for other processes of the server.
    :param error_stream: the descriptor to which they write log lines, if not this process's own.
    :param remote: the repository as the mirror of a remote one, which is then followed.
    :raises GitmeshError: a part of the server failed; the other parts were stopped.
    """
    replaced_at = None
    while True:
        try:
            return _serve_one_log(path, settings, ready, logs_as_json, error_stream, remote)
        except LogReplaced as error:
            replaced_at = time.monotonic()
            _log.warning("%s: restarting with it", error.message)
        except GitmeshError as error:
            # Whoever restores a repository or a log has perhaps not finished.
            if replaced_at is None or time.monotonic() - replaced_at > RESTORED_WITHIN_S:
                raise
            _log.warning("cannot restart yet: %s", error.line)
            time.sleep(1.0)


def _serve_one_log(
    path: Path,
    settings: Settings,
    ready: Callable[[Ready], None],
    logs_as_json: bool,
    error_stream: int | None,
    remote: "Mirror | None",
) -> None:
    where = log_path(path, settings.log)
    repo = _repository(path, where)
    # Whatever can be refused is refused before the log is there.
    ads = _ads_settings(settings)
    check_listening(settings.listen, ads)
    if settings.branch:
        repo.following(settings.branch)
    http, console = _http_api(settings), _console(settings)
    key = read_secret(settings.checkpoint_key) if settings.checkpoint_key else None
    before = read_beside(settings.checkpoint_key) if settings.checkpoint_key else []
    gc.set_threshold(*GC_THRESHOLDS)
    with ExitStack() as stack:
        log = stack.enter_context(open_for_writing(where))
        _log.info("event log open", extra={"path": str(where)})
        if (store := engine()).caution:  # gitmesh version says what that means
            _log.debug(
                "the database engine of the log has a known problem",
                extra={store.name: store.version},
            )
        with contextlib.suppress(Retryable):  # the follower says so, too, when the disk has room
            declare(log)  # before anything is signed: what is signed now was decided before
        # If the repository cannot be read now, the follower says so.
        with contextlib.suppress(GitmeshError):
            _look_at_hooks(path, where, repo, settings)
        importing = Pushes(log, pushes(where))
        with contextlib.suppress(Retryable, OSError):  # who takes them later says so
            importing.take_waiting()
        latest, served = Latest[Publication](), Latest[Publication]()
        event_logger, startup = EventLogger(log), Startup()
        attempts, steps, logged = Attempts(attempt_path(where)), ReadSteps(), LoggedCommits()
        traffic = Collector(where, settings.traffic_days * 86_400)
        following = None
        if remote is not None:
            from gitmesh.service.repository.mirroring import remote_follower

            following = remote_follower(remote, log, settings)
        shared: ResourceChanges | None = None
        if http or console:
            from gitmesh.service.served import open_changes

            shared = changes = stack.enter_context(
                open_changes(path, where, settings, logged, steps)
            )

        run_together(
            {
                "the reconciler": lambda: reconcile(
                    repo,
                    log,
                    latest,
                    branch=settings.branch or None,
                    pace=Pace(poll_s=settings.poll_s),
                    progress=_progress(),
                    attempts=attempts,
                    startup=startup,
                    steps=steps,
                    logged=logged,
                ),
                "the announcement": lambda: _announce(
                    startup, event_logger, lambda: _ready(settings.listen, served.get(), ready)
                ),
                "the xDS server": lambda: _serve_ads(
                    settings,
                    ads,
                    where,
                    served,
                    Recorder(log.append_observed),
                    traffic.accept,
                    startup.serving.set,
                    logs_as_json,
                    error_stream,
                ),
                "the event logger": event_logger.run,
                "the record of traffic": traffic.run,
                **(
                    {"the checkpoint signer": lambda: sign_checkpoints(log, path, key, before)}
                    if key
                    else {}
                ),
                **(
                    {
                        "the API": lambda: http.serve(
                            path,
                            where,
                            settings,
                            startup,
                            logged,
                            changes,
                            traffic.since_start,
                            None if following is None else following.wake,
                        )
                    }
                    if http
                    else {}
                ),
                **(
                    {"the console": lambda: console.serve(path, where, settings, changes)}
                    if console
                    else {}
                ),
                "the import of pushes": importing.run,
                "the import of refused pushes": lambda: take_refused(log, refused_pushes(where)),
                **({"the remote": following.run} if following else {}),
                "pinning": Pinning(log, pins(where), latest, served).run,
                "the shifts": ShiftLoop(path, where, settings, logged, steps, shared).run,
            }
        )
        attempts.excuse()
        if key:
            sign_at_the_end(log, path, key, before)
    _log.info("stopped")


def _repository(path: Path, log: Path) -> GitRepository:
    """Open the repository, or later if it cannot be read now but has a log.

    Meanwhile the last valid mesh of the log is served.

    :raises Fatal: the repository cannot be read, and there is no log to serve.
    """
    try:
        return GitRepository.open(path)
    except Fatal as error:
        if not _has_mesh(log):
            raise
        _log.warning("%s; the mesh in the log is served meanwhile", error.line)
    return GitRepository.open_later(path)


def _has_mesh(log: Path) -> bool:
    try:
        with open_for_reading(log) as reading:
            return reading.served_commit() is not None
    except GitmeshError:
        return False


def _http_api(settings: Settings) -> "HttpApi | None":
    """Bind the API's address if the API is enabled; only then are its libraries loaded."""
    if not settings.http:
        return None
    from gitmesh.server.http_api import bind

    return bind(settings)


def _console(settings: Settings) -> "BoundConsole | None":
    """Bind the console's address, if it is to be served: only then its libraries are loaded."""
    if not settings.console:
        return None
    from gitmesh.server.console import bind

    return bind(settings)


def _look_at_hooks(path: Path, log: Path, repo: GitRepository, settings: Settings) -> None:
    """Warn if the repository's hooks are configured for another server."""
    common = git_dir(path)
    hooks = told(common)
    if hooks is None:
        return
    hint = ["gitmesh", "hooks", str(path)]
    if log != log_path(path):
        hint += ["--log", str(log)]
    if settings.branch:
        hint += ["--branch", settings.branch]
    extra = {"hint": shlex.join(hint)}
    if log_path(common, hooks.log).resolve() != log.resolve():
        _log.warning(
            "the hooks use another log, so they tell pushers that no server is running",
            extra=extra,
        )
    try:
        checked = GitRepository.open(common).following(hooks.branch)
    except UsageError as error:
        _log.warning("the hooks check no branch: %s", error.message, extra=extra)
        return
    followed = repo.following(settings.branch or None)
    if checked != followed:
        _log.warning(
            "the hooks of the repository check another branch than the one the server follows",
            extra={"checked": checked, "followed": followed, **extra},
        )


async def _serve_ads(
    settings: Settings,
    ads: AdsSettings,
    log: Path,
    latest: Latest[Publication],
    recorder: Recorder,
    traffic: Callable[[Measured], None],
    ready: Callable[[], None],
    logs_as_json: bool,
    error_stream: int | None,
) -> None:
    """Serve in this process, or in workers."""
    if settings.workers:

        def hello(number: int, address: str) -> Hello:
            return Hello(number, log, address, settings.log_level, logs_as_json, ads)

        await serve_in_workers(
            settings.workers, settings.listen, hello, latest, recorder, traffic, ready, error_stream
        )
    else:
        # Opened for reading a second time: nobody who serves waits for who writes.
        with open_for_reading(log) as reading:
            await serve_ads(
                settings.listen,
                SnapshotCache(),
                latest,
                recorder,
                settings=ads,
                past=reading.past(),
                traffic=traffic,
                ready=ready,
            )


def _ads_settings(settings: Settings) -> AdsSettings:
    return AdsSettings(
        max_streams=settings.max_streams,
        max_streams_of_node=settings.max_streams_of_node,
        new_streams_per_s=settings.new_stream_rate,
        new_streams_at_once=max(1, round(4 * settings.new_stream_rate)),
        max_connection_age_s=settings.max_connection_age_s,
        report_interval_s=settings.report_interval_s,
        plain_text_anywhere=settings.insecure_listen,
        share_port=bool(settings.workers),
        http_servers=0 if settings.workers else bool(settings.http) + bool(settings.console),
        tls=_tls(settings),
    )


def _tls(settings: Settings) -> TlsFiles | None:
    match settings.tls_cert, settings.tls_key, settings.tls_client_ca:
        case None, None, None if not settings.tls_trust_domain:
            return None
        case Path() as certificate, Path() as key, Path() as authority:
            files = (certificate.absolute(), key.absolute(), authority.absolute())
            return TlsFiles(*files, settings.tls_trust_domain)
    raise UsageError(
        "mutual TLS needs a certificate, its key, and the CA of the proxies' certificates",
        hint="give --tls-cert, --tls-key and --tls-client-ca, or none of them",
    )


async def _announce(startup: Startup, event_logger: EventLogger, ready: Callable[[], None]) -> None:
    """Report that the server is ready: proxies are answered, and the branch was read once.

    A branch that takes long to read delays this line for a bounded time, because the mesh in the
    log is served meanwhile. The commits that were read before have log lines above this one.
    """
    await startup.serving.wait()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(READY_WITHIN_S):
            await startup.followed.wait()
    event_logger.then(ready)
    await asyncio.Event().wait()


def _ready(listen: str, served: Publication | None, tell: Callable[[Ready], None]) -> None:
    """Report readiness, and warn if the served commit is older than the newest one."""
    state = None if served is None else served.state
    tell(Ready(listen, None if state is None else state.commit))
    if state is not None and state.tip is not None and state.tip != state.commit:
        serving = short(state.commit) if state.commit else "none"
        _log.warning(
            "the newest commit is refused; the server serves the last valid one",
            extra={"tip": short(state.tip), "serving": serving, "hint": "gitmesh log"},
        )


def _progress() -> Progress:
    """Return a progress callback that logs once a second. Called from a worker thread."""
    told = time.monotonic()

    def tell(what: str, done: int, whole: int) -> None:
        nonlocal told
        if time.monotonic() - told >= PROGRESS_EVERY_S:
            told = time.monotonic()
            _log.info(what, extra={"done": done, "of": whole, "percent": 100 * done // whole})

    return tell
