"""JSON form of each event kind's ``data``: a public file format, written out explicitly.

Attributes of event classes may be renamed; the JSON names may not, except with a new ``v``.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from events.encoding.body import Body, Data
from events.encoding.push_bodies import PUSH_BODIES
from events.encoding.server_bodies import SERVER_BODIES
from events.types import (
    Cause,
    CommitApplied,
    CommitFacts,
    CommitId,
    CommitRejected,
    Event,
    FieldChange,
    HistoryRewritten,
    ProxiesFlapped,
    ProxiesSettled,
    ProxyConnected,
    ProxyDisconnected,
    ProxyState,
    ResourceAdded,
    ResourceChanged,
    ResourceRemoved,
    RulesChanged,
    Seq,
    ServingPinned,
    ServingReleased,
    Signature,
    SnapshotConverged,
    SnapshotDelayed,
    SnapshotPublished,
    SnapshotRejected,
    TrafficShifted,
    WeightChange,
)
from mesh.canonical import JsonObject
from mesh.keys import ResourceKey

# Cached, because a log contains the same keys and people many times.


@lru_cache(maxsize=1 << 16)
def key_of(subject: str) -> ResourceKey:
    """Parse the resource key in an event's ``subject``."""
    return ResourceKey.parse(subject)


@lru_cache(maxsize=1024)
def _person(name: str, email: str, at: str) -> Signature:
    return Signature(name, email, at)


def _signature(who: Signature) -> JsonObject:
    return {"name": who.name, "email": who.email, "at": who.at}


def _facts(facts: CommitFacts) -> JsonObject:
    return {
        "tree": facts.tree,
        "parents": list(facts.parents),
        "author": _signature(facts.author),
        "committer": _signature(facts.committer),
        "message": facts.message,
        "trailers": [[key, value] for key, value in facts.trailers],
        "reverts": list(facts.reverts),
    }


def _load_facts(commit: CommitId, data: Data) -> CommitFacts:
    return CommitFacts(
        commit=commit,
        tree=data["tree"],
        parents=tuple(map(CommitId, data["parents"])),
        author=_person(**data["author"]),
        committer=_person(**data["committer"]),
        message=data["message"],
        trailers=tuple((key, value) for key, value in data["trailers"]),
        reverts=tuple(map(CommitId, data["reverts"])),
    )


def _applied(e: CommitApplied) -> JsonObject:
    return {
        **_facts(e.facts),
        "restores": e.restores,
        "changes": e.changes,
        "warnings": list(e.warnings),
        **({"settings": e.settings} if e.settings else {}),
    }


def _load_applied(_: str, commit: CommitId, data: Data) -> CommitApplied:
    return CommitApplied(
        _load_facts(commit, data),
        None if data["restores"] is None else CommitId(data["restores"]),
        data["changes"],
        tuple(data["warnings"]),
        data.get("settings", {}),
    )


def _rejected(e: CommitRejected) -> JsonObject:
    return {**_facts(e.facts), "problems": list(e.problems), "omitted": e.omitted}


def _load_rejected(_: str, commit: CommitId, data: Data) -> CommitRejected:
    return CommitRejected(_load_facts(commit, data), tuple(data["problems"]), data["omitted"])


def _added(e: ResourceAdded) -> JsonObject:
    return {"spec": e.spec, "path": e.path}


def _load_added(subject: str, commit: CommitId, data: Data) -> ResourceAdded:
    return ResourceAdded(key_of(subject), commit, data["spec"], data["path"])


def _changed(e: ResourceChanged) -> JsonObject:
    return {
        "spec": e.spec,
        "path": e.path,
        "fields": [{"where": f.where, "before": f.before, "after": f.after} for f in e.fields],
    }


def _load_changed(subject: str, commit: CommitId, data: Data) -> ResourceChanged:
    fields = tuple(FieldChange(f["where"], f["before"], f["after"]) for f in data["fields"])
    key = key_of(subject)
    return ResourceChanged(key, commit, data["spec"], data["path"], fields)


def _shifted(e: TrafficShifted) -> JsonObject:
    return {
        "spec": e.spec,
        "path": e.path,
        "weights": [
            {"virtualNode": w.virtual_node, "port": w.port, "before": w.before, "after": w.after}
            for w in e.weights
        ],
    }


def _load_shifted(subject: str, commit: CommitId, data: Data) -> TrafficShifted:
    weights = tuple(
        WeightChange(w["virtualNode"], w["port"], w["before"], w["after"]) for w in data["weights"]
    )
    key = key_of(subject)
    return TrafficShifted(key, commit, data["spec"], data["path"], weights)


def _rewritten(e: HistoryRewritten) -> JsonObject:
    return {
        "before": e.before,
        "mergeBase": e.merge_base,
        "dropped": list(e.dropped),
        "topology": e.topology,
    }


def _load_rewritten(_: str, commit: CommitId, data: Data) -> HistoryRewritten:
    base = data["mergeBase"]
    dropped = tuple(map(CommitId, data["dropped"]))
    return HistoryRewritten(
        CommitId(data["before"]),
        commit,
        None if base is None else CommitId(base),
        dropped,
        data["topology"],
    )


def _published(e: SnapshotPublished) -> JsonObject:
    return {
        "meshSeq": e.mesh_seq,
        "nodes": list(e.nodes),
        "proxies": e.proxies,
        "unchanged": e.unchanged,
    }


def _load_published(_: str, commit: CommitId, data: Data) -> SnapshotPublished:
    counts = data["proxies"], data["unchanged"]
    return SnapshotPublished(commit, Seq(data["meshSeq"]), tuple(data["nodes"]), *counts)


def _delayed(e: SnapshotDelayed) -> JsonObject:
    return {
        "proxies": e.proxies,
        "arrived": e.arrived,
        "refused": e.refused,
        "waiting": list(e.waiting),
    }


def _load_delayed(_: str, commit: CommitId, data: Data) -> SnapshotDelayed:
    counts = data["proxies"], data["arrived"], data["refused"]
    return SnapshotDelayed(commit, *counts, tuple(data["waiting"]))


def _refused(e: SnapshotRejected) -> JsonObject:
    return {
        "proxy": e.proxy,
        "typeUrl": e.type_url,
        "version": e.version,
        "snapshot": e.snapshot,
        "names": list(e.names),
        "message": e.message,
        "specs": list(e.specs),
    }


def _load_refused(node: str, commit: CommitId, data: Data) -> SnapshotRejected:
    return SnapshotRejected(
        commit,
        node,
        data["typeUrl"],
        data["version"],
        data["message"],
        data["proxy"],
        tuple(data["names"]),
        tuple(data["specs"]),
        data["snapshot"],
    )


def _joined(e: ProxyConnected) -> JsonObject:
    return {"proxy": e.proxy, "version": e.version, "state": e.state.value}


def _load_joined(node: str, commit: CommitId, data: Data) -> ProxyConnected:
    state = ProxyState(data["state"])
    return ProxyConnected(node, data["proxy"], data["version"], state, commit)


def _settled(e: ProxiesSettled) -> JsonObject:
    return {
        "meshSeq": e.mesh_seq,
        "inSync": list(e.in_sync),
        "refused": list(e.refused),
        "lastAccepted": list(e.last_accepted),
        "behind": list(e.behind),
    }


def _load_settled(_: str, commit: CommitId, data: Data) -> ProxiesSettled:
    groups = (tuple(data[name]) for name in ("inSync", "refused", "lastAccepted", "behind"))
    return ProxiesSettled(commit, Seq(data["meshSeq"]), *groups)


def _flapped(e: ProxiesFlapped) -> JsonObject:
    return {
        "since": e.since,
        "connects": e.connects,
        "disconnects": e.disconnects,
        "connected": [list(each) for each in e.connected],
        "disconnected": list(e.disconnected),
        "reason": e.reason,
    }


def _load_flapped(node: str, commit: CommitId, data: Data) -> ProxiesFlapped:
    counts = data["since"], data["connects"], data["disconnects"]
    connected = tuple((proxy, version, state) for proxy, version, state in data["connected"])
    return ProxiesFlapped(
        node, commit, *counts, connected, tuple(data["disconnected"]), data["reason"]
    )


def _proxy_left(e: ProxyDisconnected) -> JsonObject:
    return {"proxy": e.proxy, "reason": e.reason}


def _pinned(e: ServingPinned) -> JsonObject:
    return {"meshSeq": e.mesh_seq, "by": e.by, "reason": e.reason, "until": e.until}


def _released(e: ServingReleased) -> JsonObject:
    return {"why": e.why, "by": e.by, "reason": e.reason}


BODIES: Final[Mapping[str, Body]] = {
    **SERVER_BODIES,
    **PUSH_BODIES,
    "CommitApplied": Body(CommitApplied, 1, _applied, _load_applied),
    "CommitRejected": Body(CommitRejected, 1, _rejected, _load_rejected),
    "ResourceAdded": Body(ResourceAdded, 1, _added, _load_added),
    "ResourceChanged": Body(ResourceChanged, 1, _changed, _load_changed),
    "TrafficShifted": Body(TrafficShifted, 1, _shifted, _load_shifted),
    "ResourceRemoved": Body(
        ResourceRemoved,
        1,
        lambda _: {},
        lambda subject, commit, _: ResourceRemoved(key_of(subject), commit),
    ),
    "HistoryRewritten": Body(HistoryRewritten, 1, _rewritten, _load_rewritten),
    "SnapshotPublished": Body(SnapshotPublished, 2, _published, _load_published),
    "SnapshotConverged": Body(
        SnapshotConverged,
        2,
        lambda e: {"proxies": e.proxies, "timings": dict(e.timings), "after": e.after.value},
        lambda _, commit, d: SnapshotConverged(
            commit, d["proxies"], d["timings"], Cause(d["after"])
        ),
    ),
    "SnapshotDelayed": Body(SnapshotDelayed, 1, _delayed, _load_delayed),
    "SnapshotRejected": Body(SnapshotRejected, 2, _refused, _load_refused),
    "ProxyConnected": Body(ProxyConnected, 2, _joined, _load_joined),
    "ProxiesSettled": Body(ProxiesSettled, 2, _settled, _load_settled),
    "ProxiesFlapped": Body(ProxiesFlapped, 1, _flapped, _load_flapped),
    "ProxyDisconnected": Body(
        ProxyDisconnected,
        1,
        _proxy_left,
        lambda node, _, d: ProxyDisconnected(node, d["proxy"], d["reason"]),
    ),
    "RulesChanged": Body(
        RulesChanged,
        1,
        lambda e: {
            "before": e.before,
            "after": e.after,
            "meshSeq": e.mesh_seq,
            "version": e.version,
        },
        lambda _s, _c, d: RulesChanged(d["before"], d["after"], Seq(d["meshSeq"]), d["version"]),
    ),
    "ServingPinned": Body(
        ServingPinned,
        1,
        _pinned,
        lambda _, commit, d: ServingPinned(
            commit, Seq(d["meshSeq"]), d["by"], d["reason"], d["until"]
        ),
    ),
    "ServingReleased": Body(
        ServingReleased,
        1,
        _released,
        lambda _, commit, d: ServingReleased(commit, d["why"], d["by"], d["reason"]),
    ),
}
"""Every event kind, by its name in the log."""

KIND_OF: Final[Mapping[type[Event], str]] = {body.type: kind for kind, body in BODIES.items()}
