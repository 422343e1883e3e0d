"""Queries about earlier deliveries: what proxies accepted and refused before a restart."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, cast

from pydantic_core import from_json

from events.deliveries import Refused
from events.encoding.bodies import key_of
from events.sqlite.reading import LogReading
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


class SqlitePast:
    """Queries on an open log: :class:`events.deliveries.Past`."""

    def __init__(self, log: LogReading) -> None:
        """Read from this log. A log that is opened read-only is preferable: it waits for no
        writer."""
        self._log = log

    def refusals(self) -> Mapping[str, Refused]:
        """Return the refused snapshots, by node id."""
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
        """Return the mesh chain position of the newest mesh that a proxy of the node accepted.

        ``None`` if no proxy of the node ever accepted one.
        """
        found = self._log.ask("SELECT accepted FROM nodes WHERE node = ?", node)
        return None if not found or found[0][0] is None else Seq(cast("int", found[0][0]))

    def before(self, now: Seq, most: int) -> tuple[Seq, ...]:
        """Return up to ``most`` positions of applied commits before ``now``, newest first."""
        found = self._log.ask(
            "SELECT last_seq FROM commits WHERE outcome = 'applied' AND last_seq < ? "
            "ORDER BY seq DESC LIMIT ?",
            now,
            most,
        )
        return tuple(Seq(cast("int", seq)) for (seq,) in found)

    def way_back(self, now: Seq, before: Seq) -> Mapping[ResourceKey, JsonObject | None]:
        """Return the changes that turn the mesh at ``now`` into the mesh at ``before``.

        The result has, for each differing resource, its earlier spec, or ``None`` if it did not
        exist. The cost is proportional to the changes in between.
        """
        found = self._log.ask(_WAY_BACK, before, now, before, before)
        return {
            key_of(str(key)): None if spec is None else from_json(str(spec)) for key, spec in found
        }

    def settings(self, at: Seq) -> JsonObject:
        """Return the traffic settings at a position of the mesh chain."""
        return self._log.settings(at)
