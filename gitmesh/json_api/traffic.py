"""Operations about reported traffic. Handlers block."""

from dataclasses import replace
from datetime import UTC, datetime

from gitmesh.access.duration import parse_duration
from gitmesh.access.permission import Permission
from gitmesh.json_api.asking import Asked
from gitmesh.json_api.errors import bad_request, not_found
from gitmesh.json_shapes.traffic.reported import (
    CommitTrafficShape,
    TrafficShape,
    commit_traffic_shape,
    traffic_shape,
)
from gitmesh.queries.requested_commit import asked_commit
from gitmesh.service.traffic.comparison import compare
from gitmesh.service.traffic.reported import Reported, reported
from gitmesh.service.traffic.since import parse_since
from mesh.errors import UsageError
from mesh.keys import ResourceKey


def traffic(asked: Asked) -> TrafficShape:
    """Return the traffic of a time, by target and caller."""
    query, now = asked.query, datetime.now(UTC)
    try:
        begin = parse_since(query.get("since", "1m"), now)
        found = reported(
            asked.served.log_path,
            begin.timestamp(),
            now.timestamp(),
            service=query.get("service"),
            by_caller=True,
        )
    except UsageError as error:
        raise bad_request(error.message, error.hint if asked.reads_all else "") from None
    return traffic_shape(_visible(found, asked.caller.permission))


def commit_traffic(asked: Asked) -> CommitTrafficShape:
    """Return the traffic before and after a commit."""
    if not asked.reads_all:
        raise not_found(f"there is no commit {asked.name!r}")
    try:
        window = parse_duration(asked.query.get("window", "10m"))
        commit = asked_commit(asked.log, asked.name, asked.served.repo)
        now_s = datetime.now(UTC).timestamp()
        found = compare(asked.served.log_path, commit, window.total_seconds(), now_s)
    except UsageError as error:
        raise bad_request(error.message, error.hint) from None
    return commit_traffic_shape(found)


def _visible(found: Reported, permission: Permission) -> Reported:
    """Return the rows whose target and caller may be read."""

    def may(key: str | None) -> bool:
        return key is None or permission.may_read(ResourceKey.parse(key))

    rows = (row for row in found.rows if may(row.target) and may(row.caller))
    nodes = (each for each in found.reporting if may(each.node))
    return replace(found, rows=tuple(rows), reporting=tuple(nodes))
