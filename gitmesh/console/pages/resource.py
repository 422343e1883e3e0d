"""Page of one resource: its spec, its users, its Envoy configuration and its history."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from events.encoding.codec import decode
from events.query import Query
from events.store import EventReader
from events.types import Chain, Record, Seq
from gitmesh.console import paths
from gitmesh.console.forms.field import form_of
from gitmesh.console.forms.parts import filled_form
from gitmesh.console.shown_mesh import configured_nodes, graph_at, relations, shown_state
from gitmesh.console.visit import Answer, View, Visit
from gitmesh.console.writing import absent, readable, typed_message
from gitmesh.queries.commits import OF_DELIVERY, LoggedCommit, logged_commit
from gitmesh.queries.requested_moment import asked_seq
from gitmesh.rendering.commit_lines import subject_of
from gitmesh.rendering.narration import narrate
from gitmesh.service.history.field_origins import FieldOrigin, field_origins
from gitmesh.service.proxies.configuration import ProxyConfiguration, proxy_configuration
from gitmesh.service.recent import Recent
from mesh.canonical import JsonObject
from mesh.errors import GitmeshError
from mesh.graph.mesh_graph import MeshGraph
from mesh.keys import ResourceKey
from mesh.reading.native import native_document
from mesh.resource import spec_json
from mesh.tidy import document_text

TABS: Final = ("spec", "yaml", "envoy", "history", "blame")
MOST_HISTORY: Final = 50
_origins: Final[Recent[tuple[FieldOrigin, ...]]] = Recent(64)


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One commit that changed the resource, or one inside it."""

    found: LoggedCommit
    subject: str
    words: tuple[str, ...]


def resource(visit: Visit) -> Answer:
    """Return the page of a resource, as it is now or was at a moment."""
    key = readable(visit, visit.name)
    graph = graph_at(visit)
    found = graph.get(key)
    if found is None:
        raise absent(visit, key)
    tab = visit.query.get("tab", "spec")
    written = visit.served.changes.written(key) if visit.at is None else None
    document: JsonObject = {"spec": spec_json(found.spec)}
    if written is not None and written.tags:
        document["tags"] = dict(written.tags)
    values = {
        "paths": paths,
        "key": key,
        "mesh": ResourceKey.of_mesh(key.mesh),
        "tab": tab if tab in TABS else "spec",
        "tabs": TABS
        if configured_nodes(graph, key)
        else tuple(each for each in TABS if each != "envoy"),
        "written": written,
        "root": filled_form(form_of(key.kind), document).root,
        "text": written.text if written else document_text(native_document(found)),
        "relations": relations(graph, key),
        "typed": f"?{urlencode({'message': typed_message(visit)})}" if typed_message(visit) else "",
        "may_write": visit.caller.permission.may_write(key) and visit.at is None,
        **_of_tab(visit, graph, key, tab),
    }
    return View("resource.html", values)


def _of_tab(visit: Visit, graph: MeshGraph, key: ResourceKey, tab: str) -> dict[str, object]:
    match tab:
        case "envoy":
            return _envoy(visit, graph, key)
        case "history":
            return {"history": list(_history(visit, key))}
        case "blame":
            return {"blame": _blame(visit, key)}
    return {}


def _envoy(visit: Visit, graph: MeshGraph, key: ResourceKey) -> dict[str, object]:
    nodes = configured_nodes(graph, key)
    wanted = visit.query.get("node", "")
    node = next((each for each in nodes if str(each) == wanted), nodes[0] if nodes else None)
    made: ProxyConfiguration | None = None
    if node is not None:
        made = proxy_configuration(graph, str(node), {})
    shown = (
        {}
        if made is None
        else {
            kind: [
                (
                    str(each.get("name") or each.get("clusterName") or ""),
                    json.dumps(each, indent=2, ensure_ascii=False),
                )
                for each in found
            ]
            for kind, found in made.resources.items()
        }
    )
    return {"nodes": nodes, "node": node, "envoy": shown}


def _history(visit: Visit, key: ResourceKey) -> Iterator[HistoryLine]:
    log = visit.served.log
    until = None if visit.at is None else shown_state(visit, visit.at).state.seq
    seen = set[Seq]()
    for record in reversed(_records(log, key)):
        first = log.first_seq_of_commit(record.seq)
        if first is None or first in seen or (until is not None and record.seq > until):
            continue
        seen.add(first)
        found = logged_commit(log, first, OF_DELIVERY)
        words = tuple(
            narrate(decode(each), visit.words)
            for each in found.records[1:]
            if _is_of(each.subject, key)
        )
        yield HistoryLine(found, subject_of(found), words)


def _records(log: EventReader, key: ResourceKey) -> list[Record]:
    return list(log.select(Chain.MESH, Query(within=key), MOST_HISTORY))


def _is_of(subject: str, key: ResourceKey) -> bool:
    return subject == str(key) or subject.startswith(f"{key}/")


def _blame(visit: Visit, key: ResourceKey) -> tuple[FieldOrigin, ...]:
    """Return the origin of each field; kept for each version, because all earlier ones are read."""
    served = visit.served
    try:
        seq = asked_seq(served.log, visit.at, served.repo) if visit.at else Seq(1 << 62)
        newest = next(served.log.versions(key, seq), None)
        if newest is None:
            return ()
        return _origins.get(
            (served.log_path, key, newest.since),
            lambda: field_origins(served.log, served.repo, str(key), "", visit.at).fields,
        )
    except GitmeshError:
        return ()
