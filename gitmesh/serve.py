"""The server: reconciler and xDS side by side in one process, which lives and dies as a whole."""

import contextlib
import gc
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from events.latest import Latest
from events.publication import Publication
from events.store import EventLog
from gitmesh.chronicle import chronicle
from gitmesh.narration import short
from gitmesh.places import log_path
from gitmesh.settings import Settings
from gitmesh.together import run_together
from reconciler.loop import Pace, reconcile
from reconciler.reader import Progress
from reconciler.repo import GitRepository
from xds.cache import SnapshotCache
from xds.recorder import Recorder
from xds.server import AdsSettings, serve_ads

_log = logging.getLogger(__name__)

PROGRESS_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Ready:
    """A server that serves."""

    listen: str
    commit: str | None


def serve(path: Path, settings: Settings, ready: Callable[[Ready], None] = lambda _: None) -> None:
    """Serve a repository until SIGTERM or SIGINT; then end streams and log in order and return.

    Calls ``ready`` once proxies are answered.

    :raises GitmeshError: a part of the server cannot do its work; the others have been ended.
    """
    where = log_path(path, settings.log)
    repo = GitRepository.open(path)
    # A mesh is many small values that live long: looking for garbage among them as often as Python
    # does by itself takes half the time of a cold start.
    gc.set_threshold(50_000, 20, 50)
    with contextlib.closing(EventLog.open(where)) as log:
        _log.info("event log open", extra={"path": str(where)})
        latest = Latest[Publication]()
        cache = SnapshotCache()

        run_together(
            {
                "the reconciler": reconcile(
                    repo,
                    log,
                    latest,
                    branch=settings.branch or None,
                    pace=Pace(poll_s=settings.poll_s),
                    progress=_progress(),
                ),
                "the xDS server": serve_ads(
                    settings.listen,
                    cache,
                    latest,
                    Recorder(log.append_observed),
                    settings=AdsSettings(plain_text_anywhere=settings.insecure_listen),
                    ready=lambda: _ready(settings.listen, cache, ready),
                ),
                "the chronicle": chronicle(log),
            }
        )
    _log.info("stopped")


def _ready(listen: str, cache: SnapshotCache, tell: Callable[[Ready], None]) -> None:
    """Tell that proxies are answered, and whether with less than what was pushed last."""
    tell(Ready(listen, cache.commit))
    state = cache.state
    if state is not None and state.tip is not None and state.tip != state.commit:
        serving = short(state.commit) if state.commit else "none"
        _log.warning(
            "the newest commit is refused, the last good one is served",
            extra={"tip": short(state.tip), "serving": serving, "hint": "gitmesh log"},
        )


def _progress() -> Progress:
    """Return what tells of long work, once a second. It is called from a worker thread."""
    told = time.monotonic()

    def tell(what: str, done: int, whole: int) -> None:
        nonlocal told
        if time.monotonic() - told >= PROGRESS_EVERY_S:
            told = time.monotonic()
            _log.info(what, extra={"done": done, "of": whole, "percent": 100 * done // whole})

    return tell
