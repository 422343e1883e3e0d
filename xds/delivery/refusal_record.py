"""Refusals of configuration: recorded once for each refused content of a node, with the cause.
Pure."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, TypeAlias

from events.types import CommitId, SnapshotRejected
from xds.delivery.proxy_status import StreamId
from xds.delivery.stream_facts import Explained, Refused

_REMEMBERED: Final = 10_000
"""Maximum refusals remembered, so that each is recorded once."""

_Content: TypeAlias = tuple[str, str, str]
"""Refused content: node, resource type and version."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The first refusal of a content of a node, for one commit."""

    stream: StreamId
    proxy: str
    fact: Refused

    def event(self, specs: tuple[str, ...]) -> SnapshotRejected:
        """Return the event, with the specs that caused the refusal."""
        fact = self.fact
        return SnapshotRejected(
            fact.commit,
            fact.node,
            fact.type_url,
            fact.version,
            fact.message,
            self.proxy,
            fact.names,
            specs,
            fact.snapshot,
        )


class RefusalRecord:
    """Refusals that were recorded, and those whose cause is still being determined."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[_Content, CommitId], None] = OrderedDict()
        self._unexplained: dict[_Content, list[Refusal]] = {}

    def forget(self, commit: CommitId) -> None:
        """Forget the refusals of a commit that is served again, so that new refusals are new
        events."""
        for key in [key for key in self._known if key[1] == commit]:
            del self._known[key]

    def add(self, stream: StreamId, proxy: str, fact: Refused) -> None:
        """Add a refusal; it is recorded once its cause is determined."""
        content = (fact.node, fact.type_url, fact.version)
        key = (content, fact.commit)
        known = key in self._known
        self._known[key] = None
        self._known.move_to_end(key)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        if not known:
            self._unexplained.setdefault(content, []).append(Refusal(stream, proxy, fact))

    def explain(self, fact: Explained) -> list[Refusal]:
        """Return the refusals that this fact explains, to record them now."""
        return self._unexplained.pop((fact.node, fact.type_url, fact.version), [])

    def give_up(self, server: int) -> list[Refusal]:
        """Return the refusals whose cause a dead server was determining, to record them without a
        cause."""
        given_up = list[Refusal]()
        for content, refusals in [*self._unexplained.items()]:
            given_up += [each for each in refusals if each.stream[0] == server]
            if others := [each for each in refusals if each.stream[0] != server]:
                self._unexplained[content] = others
            else:
                del self._unexplained[content]
        return given_up
