"""Steps of the wizard, the questions of each, and a visitor's answers.

All answers are in the page's URL, so that going back, reloading and sharing lose nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

STEPS: Final = ("service", "node", "listener", "route", "review")
"""In order; each is a page of the wizard."""
MOST_TARGETS: Final = 10
BACKENDS: Final = "backends"

QUESTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "service": ("mesh", "service"),
    "node": ("node", "hostname", BACKENDS, "log"),
    "listener": (
        *("protocol", "port", "health", "health_path", "health_interval", "health_timeout"),
        *("healthy", "unhealthy"),
    ),
    "route": (
        *("router", "route", "prefix"),
        *(f"{part}_{at}" for at in range(MOST_TARGETS) for part in ("target", "weight")),
    ),
    "review": ("message",),
}
"""Names of the answers of each step, as they are in the URL."""

_USUAL: Final = {
    "protocol": "http",
    "port": "8080",
    "route": "all",
    "prefix": "/",
    "weight_0": "100",
    "health_path": "/",
    "health_interval": "5000",
    "health_timeout": "2000",
    "healthy": "2",
    "unhealthy": "2",
}


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers so far, each as it was typed."""

    given: Mapping[str, str]
    """Only what the visitor has said: a step that was not seen yet has no answers."""

    def __getitem__(self, name: str) -> str:
        """Return an answer; before one was given, the one that most would give."""
        return self.given[name].strip() if name in self.given else self.default(name)

    def default(self, name: str) -> str:
        """Return the answer that is filled in before there is one."""
        match name:
            case "node":
                return f"{self.short}-v1"
            case "target_0":
                return self["node"]
            case "hostname":
                return f"{self['node']}.internal" if self["node"] else ""
            case "router":
                return self.short
        return _USUAL.get(name, "")

    @property
    def short(self) -> str:
        """Return the first part of the service's name: ``cart`` of ``cart.shop.internal``."""
        return self["service"].partition(".")[0] if "service" in self.given else ""

    @property
    def backends(self) -> tuple[str, ...]:
        """Return the names of the services that the node calls, one a line or with commas."""
        found = self[BACKENDS].replace(",", "\n").splitlines()
        return tuple(dict.fromkeys(name.strip() for name in found if name.strip()))

    @property
    def targets(self) -> tuple[tuple[int, str, str], ...]:
        """Return each target that was given: its row, its node and its weight as typed."""
        rows = ((at, self[f"target_{at}"], self[f"weight_{at}"]) for at in range(MOST_TARGETS))
        return tuple(row for row in rows if row[1] or row[2])

    @property
    def checks_health(self) -> bool:
        """Return whether callers check the node's health."""
        return self["health"] == "on"

    @property
    def matches_prefix(self) -> bool:
        """Return whether the protocol has paths."""
        return self["protocol"] in ("http", "http2")


def answers_of(query: Mapping[str, str]) -> Answers:
    """Return the answers in a URL; everything else in it is ignored."""
    names = {name for names in QUESTIONS.values() for name in names}
    return Answers({name: text for name, text in query.items() if name in names})
