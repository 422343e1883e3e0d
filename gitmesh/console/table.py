"""All pages in one table. To add a page: a handler in ``pages/``, a template, a row here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gitmesh.access.permission import Permission
from gitmesh.console.fleet.pin import end_pin, may_pin, pin_page, set_pin
from gitmesh.console.fleet.proxies import proxies
from gitmesh.console.history.commit import commit, delivery
from gitmesh.console.history.comparison import comparison
from gitmesh.console.history.export import export
from gitmesh.console.history.log import log
from gitmesh.console.history.moment import state
from gitmesh.console.history.undo import commit_undo, undo
from gitmesh.console.history.verification import verification, verify
from gitmesh.console.pages.created import created
from gitmesh.console.pages.deletion import delete
from gitmesh.console.pages.edit import edit
from gitmesh.console.pages.new_resource import new_resource
from gitmesh.console.pages.new_service import new_service
from gitmesh.console.pages.overview import overview
from gitmesh.console.pages.problems import problems
from gitmesh.console.pages.resource import resource
from gitmesh.console.pages.resources import resources
from gitmesh.console.pages.review import commit_changes, keep_editing, review
from gitmesh.console.pages.shift import shift
from gitmesh.console.pages.traffic import service_traffic, traffic
from gitmesh.console.topology.page import topology
from gitmesh.console.visit import Answer, Visit
from gitmesh.console.web.localisation import mark

Allowed = Callable[[Permission], bool]
"""Tells whether a visitor with a permission may use a page; to others, it does not exist."""


def _may_write(permission: Permission) -> bool:
    return permission.may_write_something()


def _reads_all(permission: Permission) -> bool:
    return permission.reads_all


@dataclass(frozen=True, slots=True)
class Page:
    """A page, or what a form on a page is sent to."""

    name: str
    """Name in logs and metrics."""
    path: str
    """``{name}`` at its end is the rest of the path, as it was sent."""
    handle: Callable[[Visit], Answer]
    """Blocks; runs in a thread. Raises PageError, or GitmeshError, which becomes one."""
    label: str = ""
    """Label in the navigation, marked for translation; none where it is empty."""
    key: str = ""
    """The letter after ``g`` that leads there."""
    method: str = "GET"
    allowed: Allowed = lambda _: True

    def fits(self, path: str) -> str | None:
        """Return the name in a path, ``""`` where the page has none; ``None`` if it is another."""
        head, variable, _ = self.path.partition("{name}")
        if not variable:
            return "" if path == head else None
        return path[len(head) :] if path.startswith(head) and len(path) > len(head) else None


PAGES: Final[tuple[Page, ...]] = (
    Page("overview", "/", overview, mark("Overview"), "o"),
    # ---- traffic and resources ----
    Page("traffic", "/traffic", traffic, mark("Traffic"), "t"),
    Page("resources", "/resources", resources, mark("Resources"), "r"),
    Page("service traffic", "/traffic/{name}", service_traffic),
    Page("resource", "/resource/{name}", resource),
    Page("edit", "/edit/{name}", edit, allowed=_may_write),
    Page("edit", "/edit/{name}", edit, method="POST", allowed=_may_write),
    Page("delete", "/delete/{name}", delete, allowed=_may_write),
    Page("shift", "/shift/{name}", shift, allowed=_may_write),
    Page("review", "/review", review, method="POST", allowed=_may_write),
    Page("commit changes", "/commit-changes", commit_changes, method="POST", allowed=_may_write),
    Page("keep editing", "/keep-editing", keep_editing, method="POST", allowed=_may_write),
    Page("new service", "/new/service", new_service, allowed=_may_write),
    Page("new resource", "/new/resource", new_resource, allowed=_may_write),
    Page("created", "/created/{name}", created),
    # ---- topology ----
    Page("topology", "/topology", topology, mark("Topology"), "m"),
    # ---- problems ----
    Page("problems", "/problems", problems, mark("Problems"), "d", allowed=_reads_all),
    # ---- history ----
    Page("log", "/log", log, mark("Log"), "l"),
    Page("log export", "/log/export", export),
    Page("commit", "/commit/{name}", commit),
    Page("commit delivery", "/commit-delivery/{name}", delivery),
    Page("undo", "/undo/{name}", undo, allowed=_may_write),
    Page("commit undo", "/undo/{name}", commit_undo, method="POST", allowed=_may_write),
    Page("comparison", "/compare", comparison),
    Page("state", "/state", state),
    Page("verification", "/verification", verification, allowed=_reads_all),
    Page("verify", "/verification", verify, method="POST", allowed=_reads_all),
    # ---- proxies ----
    Page("proxies", "/proxies", proxies, mark("Proxies"), "p"),
    Page("pin", "/pin", pin_page, mark("Pin"), "i", allowed=may_pin),
    Page("set pin", "/pin", set_pin, method="POST", allowed=may_pin),
    Page("end pin", "/unpin", end_pin, method="POST", allowed=may_pin),
)


def found_page(method: str, path: str, permission: Permission) -> tuple[Page, str] | frozenset[str]:
    """Return the page of a request and the name in its path; without one, the methods there are."""
    fitting = [
        (page, name)
        for page in PAGES
        if (name := page.fits(path)) is not None and page.allowed(permission)
    ]
    for page, name in fitting:
        if page.method == ("GET" if method == "HEAD" else method):
            return page, name
    return frozenset(page.method for page, _ in fitting)


def navigation(permission: Permission) -> tuple[Page, ...]:
    """Return the pages that the navigation leads to."""
    return tuple(page for page in PAGES if page.label and page.allowed(permission))
