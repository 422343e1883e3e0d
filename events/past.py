"""What the log knows of the past that a server goes back to: what proxies accepted and refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

from pydantic_core import from_json

from events.bodies import key_of
from events.reading import LogReading
from events.types import Seq
from mesh.canonical import JsonObject
from mesh.keys import ResourceKey

_WAY_BACK: Final = """
SELECT touched.subject, v.spec FROM (
    SELECT DISTINCT subject FROM mesh_events WHERE seq > ? AND seq <= ?
    AND kind IN ('ResourceAdded', 'ResourceChanged', 'TrafficShifted', 'ResourceRemoved')
) touched LEFT JOIN resource_versions v
ON v.key = touched.subject AND v.since <= ? AND (v.until IS NULL OR v.until > ?)
"""


@dataclass(frozen=True, slots=True)
class Refused:
    """A snapshot that proxies of a node refused, and that none of them has accepted since."""

    snapshot: str
    """Its version."""
    at_s: float
    """When, in seconds since the epoch."""


class Past:
    """Answers about a log. Each method may raise what :class:`LogReading` may raise."""

    def __init__(self, log: LogReading) -> None:
        """Read through this log, best one opened for reading: nobody waits for a writer then."""
        self._log = log

    def refusals(self) -> Mapping[str, Refused]:
        """Return what is refused, by node id."""
        found = self._log.ask(
            "SELECT node, at, data FROM nodes JOIN delivery_events ON seq = refusal"
        )
        return {
            str(node): Refused(
                str(from_json(str(data)).get("snapshot", "")),
                datetime.fromisoformat(str(at)).timestamp(),
            )
            for node, at, data in found
        }

    def accepted(self, node: str) -> Seq | None:
        """Return the position of the newest mesh that a proxy of the node is known to have taken.

        The mesh chain's; ``None`` when no proxy of the node ever took any.
        """
        found = self._log.ask("SELECT accepted FROM nodes WHERE node = ?", node)
        return None if not found or found[0][0] is None else Seq(cast("int", found[0][0]))

    def before(self, now: Seq, most: int) -> tuple[Seq, ...]:
        """Return the positions of the meshes that commits made before the one at ``now``.

        The newest first, ``most`` of them at most.
        """
        found = self._log.ask(
            "SELECT last_seq FROM commits WHERE outcome = 'applied' AND last_seq < ? "
            "ORDER BY seq DESC LIMIT ?",
            now,
            most,
        )
        return tuple(Seq(cast("int", seq)) for (seq,) in found)

    def way_back(self, now: Seq, before: Seq) -> Mapping[ResourceKey, JsonObject | None]:
        """Return what makes the mesh at ``now`` the one at ``before``.

        Of each resource that differs, the spec that it had; ``None`` if there was none. That is in
        proportion to what changed in between.
        """
        found = self._log.ask(_WAY_BACK, before, now, before, before)
        return {
            key_of(str(key)): None if spec is None else from_json(str(spec)) for key, spec in found
        }

    def settings(self, at: Seq) -> JsonObject:
        """Return what the repository's settings said of traffic then."""
        return self._log.settings(at)
