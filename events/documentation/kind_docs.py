"""Descriptions of each event kind and its fields, for docs/events.md."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class KindDoc:
    """Description of one event kind."""

    meaning: str
    subject: str
    actor: str
    fields: Mapping[str, str]
    """Descriptions of the fields of ``data``, by path: ``author.name`` is a field of an object,
    ``weights[].port`` a field of each item."""


_AUTHOR: Final = "the commit's author, `Name <email>`"
_SERVER: Final = "`gitmesh`"
_KEY: Final = "the resource's key"
_NODE: Final = "the node id of the proxy"
_PROXY: Final = "Name of the proxy, as in `ProxyConnected`."
_USER: Final = (
    "Operating system user who requested it, or the caller of the HTTP API, `Name <email>`"
)

_FACTS: Final = {
    "tree": "Id of the commit's tree. Equal trees contain equal specs.",
    "parents": "Ids of the parents, first parent first.",
    "author": "Author of the change, as the commit claims.",
    "author.name": "Name.",
    "author.email": "E-mail address.",
    "author.at": "Time in the commit: RFC 3339 with the commit's own offset.",
    "committer": "Creator of the commit, as the commit claims; same fields as `author`.",
    "committer.name": "Name.",
    "committer.email": "E-mail address.",
    "committer.at": "Time in the commit: RFC 3339 with the commit's own offset.",
    "message": "The whole commit message.",
    "trailers": "Trailers of the message in their order, each as `[key, value]`.",
    "reverts": "Ids of the commits that the message claims to revert.",
}


def _problem(name: str, description: str) -> dict[str, str]:
    return {
        name: description,
        f"{name}[].path": "Path of the file in the repository; empty if no single file is wrong.",
        f"{name}[].line": "Line number, from 1; 0 for the whole file.",
        f"{name}[].where": "JSON path in the document.",
        f"{name}[].code": "Stable code: see [problems.md](problems.md).",
        f"{name}[].message": "Description of the mistake.",
        f"{name}[].hint": "Advice on how to correct it; may be empty.",
        f"{name}[].severity": "`error` or `warning`.",
    }


_SPEC: Final = {
    "spec": "The whole spec after the event, with App Mesh's field names. The log does not "
    "interpret it.",
    "path": "Path of the file in the repository that defines the resource.",
}

KINDS: Final[Mapping[str, KindDoc]] = {
    "CommitApplied": KindDoc(
        "The commit was applied: the mesh is now as its specs define. The events of the changed "
        "resources follow directly, in the same transaction.",
        "the commit",
        _AUTHOR,
        {
            **_FACTS,
            "restores": "Id of the latest earlier applied commit with the same tree, to which this "
            "commit is an exact rollback; null if there is none.",
            "changes": "Number of resource events that follow.",
            **_problem("warnings", "Mistakes that did not prevent the commit from being applied."),
        },
    ),
    "CommitRejected": KindDoc(
        "The commit contains errors. The mesh did not change.",
        "the commit",
        _AUTHOR,
        {
            **_FACTS,
            **_problem("problems", "The errors, sorted by position."),
            "omitted": "Number of errors beyond those listed.",
        },
    ),
    "ResourceAdded": KindDoc("A resource was added.", _KEY, _AUTHOR, _SPEC),
    "ResourceChanged": KindDoc(
        "The spec of a resource changed.",
        _KEY,
        _AUTHOR,
        {
            **_SPEC,
            "fields": "The changed fields, ordered by key and by position in lists.",
            "fields[].where": "JSON path in the spec.",
            "fields[].before": "Value before; null if the field was absent.",
            "fields[].after": "Value after; null if the field is absent.",
        },
    ),
    "TrafficShifted": KindDoc(
        "The weights of a route's targets changed, and nothing else in its spec.",
        _KEY,
        _AUTHOR,
        {
            **_SPEC,
            "weights": "All targets of the route, before or after.",
            "weights[].virtualNode": "Name of the target.",
            "weights[].port": "Port of the target; null if the route gives none.",
            "weights[].before": "Weight before; 0 if it was not a target.",
            "weights[].after": "Weight after; 0 if it is no longer a target.",
        },
    ),
    "ResourceRemoved": KindDoc("A resource was removed.", _KEY, _AUTHOR, {}),
    "HistoryRewritten": KindDoc(
        "The branch moved to a commit that does not descend from the last one seen, by a force "
        "push. The events of the new commit follow in the same transaction.",
        "the new commit of the branch",
        "empty: git does not record who pushed",
        {
            "before": "Id of the last commit seen.",
            "mergeBase": "Id of the nearest common ancestor; null if there is none.",
            "dropped": "Ids of the commits that are no longer on the branch, newest first "
            "(first parents only).",
            "topology": "`rewritten`; or `foxtrot` if the last commit is still an ancestor, "
            "but not by first parents.",
        },
    ),
    "SnapshotPublished": KindDoc(
        "The server offered the mesh of a commit to the proxies that the commit affects.",
        "the commit",
        _SERVER,
        {
            "meshSeq": "Position in the mesh chain of the state that was offered.",
            "nodes": "Sorted ids of the nodes whose connected proxies were sent an update.",
            "proxies": "Number of proxies that were sent an update.",
            "unchanged": "Number of affected proxies that were sent nothing: their configuration "
            "stays the same, or their node was removed and they keep the last one. "
            "Since version 2; 0 in older events.",
        },
    ),
    "SnapshotConverged": KindDoc(
        "Every proxy that was offered the snapshot acknowledged it or disconnected.",
        "the commit",
        _SERVER,
        {
            "proxies": "Number of proxies that acknowledged it.",
            "timings": "Microseconds from the start that `after` names, as far as they are known, "
            "until the change was `seen` by the reconciler, `planned` (appended to the log), "
            "`written` to the last proxy, and `acked` by the last proxy.",
            "after": "Start of the timings: `branch`, the branch moved; `pin`, a commit was "
            "pinned; `release`, a pin ended. Empty in events from before this field existed.",
        },
    ),
    "SnapshotDelayed": KindDoc(
        "Some proxies have not acknowledged the snapshot in time. Recorded after 5 seconds, "
        "30 seconds and 5 minutes.",
        "the commit",
        _SERVER,
        {
            "proxies": "Number of proxies that it was offered to.",
            "arrived": "Number of them that acknowledged all of it.",
            "refused": "Number of them that refused part of it.",
            "waiting": "Up to 20 of the proxies without an answer, sorted, named as in "
            "`ProxyConnected`.",
        },
    ),
    "SnapshotRejected": KindDoc(
        "A proxy refused one resource type of its snapshot (NACK) and keeps its previous "
        "configuration.",
        _NODE,
        _NODE,
        {
            "proxy": "Name of the first proxy that refused it, as in `ProxyConnected`.",
            "typeUrl": "The refused resource type.",
            "version": "The refused version of that type.",
            "snapshot": "Version of the whole snapshot that was being rolled out; empty if the "
            "proxy accepted all of it and refused only the removal of older resources.",
            "names": "The invalid resources, as far as the message names them; else those that "
            "were new to the proxy.",
            "message": "Reason, in the proxy's own words.",
            "specs": "Keys of the specs that likely caused the refusal: those from which these "
            "resources were made, that changed since the node's proxies last accepted a snapshot, "
            "and that match the message.",
        },
    ),
    "ProxyConnected": KindDoc(
        "A proxy opened a stream and named its node.",
        _NODE,
        _NODE,
        {
            "proxy": "Name that distinguishes the proxies of one node: peer address and stream "
            "number.",
            "version": "Name and version of the proxy's software, as it reports them.",
            "state": "`behind`: it does not have the served configuration yet; `held`: its node "
            "does not exist yet; `last-accepted`: proxies of its kind refuse the newest snapshot, "
            "so it is served the last accepted one.",
        },
    ),
    "ProxiesSettled": KindDoc(
        "States of proxies that no other event records. These proxies connected, answered late, "
        "refused something that was already recorded as refused, were served the last accepted "
        "snapshot, or are connected to a worker that does not answer. At most one event per "
        "second.",
        "the commit that is served",
        _SERVER,
        {
            "meshSeq": "Position in the mesh chain of the state that is served.",
            "inSync": "Proxies that acknowledged their whole configuration, named as in "
            "`ProxyConnected`.",
            "refused": "Proxies that refused part of it and keep their previous configuration.",
            "lastAccepted": "Proxies that are served the last accepted snapshot.",
            "behind": "Proxies that may not have the served configuration, because their worker "
            "does not answer. Since version 2.",
        },
    ),
    "ProxyDisconnected": KindDoc(
        "The stream of a proxy ended.",
        _NODE,
        _NODE,
        {"proxy": _PROXY, "reason": "Reason why the stream ended."},
    ),
    "WorkerUnresponsive": KindDoc(
        "A worker process of the server does not answer. Its proxies keep their configuration and "
        "do not receive changes. Proxies of other workers are not delayed.",
        _SERVER,
        _SERVER,
        {
            "worker": "Number of the worker, from 1.",
            "process": "Process id of the worker.",
            "proxies": "Number of proxies that are connected to it.",
        },
    ),
    "WorkerResponsive": KindDoc(
        "An unresponsive worker answers again, or it ended and was replaced.",
        _SERVER,
        _SERVER,
        {
            "worker": "Number of the worker.",
            "why": "`answers`; or `ended`, after which its proxies are disconnected and connect to "
            "another worker.",
        },
    ),
    "ProxiesFlapped": KindDoc(
        "Summary of frequent connects and disconnects of a node's proxies. It replaces single "
        "events after 1,000 connects of a node, and then 1,000 more per day (10,000 for all "
        "nodes). A summary covers one minute at first, and later up to ten. A summary with more "
        "than 1,000 names is split into several events, of which the first has the counts.",
        _NODE,
        _NODE,
        {
            "since": "Start of the summary: UTC, RFC 3339.",
            "connects": "Number of streams that were opened.",
            "disconnects": "Number of streams that ended.",
            "connected": "Proxies that connected and still are: `proxy`, `version` and `state` of "
            "each, as in `ProxyConnected`.",
            "disconnected": "Proxies that disconnected and that an earlier event recorded as "
            "connected.",
            "reason": "Reason why the last stream ended.",
        },
    ),
    "ServerStarted": KindDoc(
        "A server started on this log. Proxies that were connected before are not connected now.",
        _SERVER,
        _SERVER,
        {"version": "Version of gitmesh."},
    ),
    "RulesChanged": KindDoc(
        "From here on, another set of validation rules decides whether commits are applied. A log "
        "without this kind was decided by rules 1 from its beginning.",
        _SERVER,
        _SERVER,
        {
            "before": "Number of the previous rules.",
            "after": "Number of the new rules.",
            "meshSeq": "Last position of the mesh chain that the previous rules decided.",
            "version": "Version of gitmesh that introduced the new rules.",
        },
    ),
    "SourceDegraded": KindDoc(
        "The server cannot do all of its work. It cannot follow the repository, or a file in the "
        "repository makes git show another history than the commits (`history-replaced`); the "
        "served mesh stays as it was. Or it has no room for more connections "
        "(`connections-full`), or clients open streams only to reset them (`streams-reset`). "
        "Or the remote repository cannot be followed (`remote-unreachable` and others, see "
        "[remotes](remotes.md#when-the-forge-fails)). "
        "Or the clock is behind the newest event (`clock-behind`).",
        "the reason, a stable word",
        _SERVER,
        {"message": "Description of what happened."},
    ),
    "SourceRecovered": KindDoc(
        "The degradation with this reason ended.",
        "the reason that ended",
        _SERVER,
        {},
    ),
    "PushReceived": KindDoc(
        "Somebody pushed to the followed branch. The repository's hook reports it, so a branch "
        "that moves in another way has no such event. After a crash, one push may be recorded "
        "twice.",
        "the full name of the branch's ref",
        "the pusher",
        {
            "before": "Id of the branch's previous commit; null if the branch was new.",
            "pusher": "The authenticated user: of HTTP, or of the operating system.",
            "via": "`http`, `ssh` or `local`.",
            "account": "Operating system user whose process ran the hook.",
            "claimed": "`Name <email>` from the pusher's git configuration: a claim, not proof. "
            "Empty if there is none.",
            "options": "Options given with `git push -o`, in their order.",
            "omitted": "Number of options beyond those listed.",
        },
    ),
    "PushRefused": KindDoc(
        "Somebody tried to push, and the repository's hook refused it, so nothing changed. "
        "Repeated attempts of one pusher are recorded one by one at first, and later about once a "
        "minute with the number of attempts that have no event.",
        "the full name of the ref",
        "the pusher",
        {
            "before": "Id of the ref's commit; null if the ref did not exist.",
            "pusher": "As in `PushReceived`.",
            "via": "As in `PushReceived`.",
            "account": "As in `PushReceived`.",
            "claimed": "As in `PushReceived`.",
            "options": "As in `PushReceived`.",
            "omitted": "As in `PushReceived`.",
            "reason": "`problems`: commits contain errors; `force-push`, `deletion` or "
            "`checked-out`: the repository's configuration forbids it; `own-refs`: it would change "
            "refs of gitmesh itself; `unchecked`: it could not be checked. Later versions may add "
            "more.",
            "commits": "Ids of up to 10 commits with errors, oldest first. They are not in the "
            "repository.",
            **_problem("problems", "The first 5 errors; each text is cut after 200 characters."),
            "moreProblems": "Number of errors beyond those listed.",
            "unrecorded": "Number of refused pushes of this pusher since the previous event that "
            "have no event of their own.",
        },
    ),
    "ServingPinned": KindDoc(
        "A commit was pinned: its mesh is served, whatever the branch's commit is, until the pin "
        "is released or expires.",
        "the commit",
        "the user who pinned it",
        {
            "meshSeq": "Position in the mesh chain of the state that is served.",
            "by": f"{_USER}.",
            "reason": "Reason that the user gave.",
            "until": "Time when the pin expires: UTC, RFC 3339.",
        },
    ),
    "ServingReleased": KindDoc(
        "A pin ended. The branch's commit is served again, unless another pin follows.",
        "the commit that was pinned",
        "the user who released it; `gitmesh` if it expired",
        {
            "why": "`released`, `expired` or `replaced`.",
            "by": f"{_USER}; empty if it expired.",
            "reason": "Reason that the user gave; may be empty.",
        },
    ),
}
"""Every event kind, in the order of docs/events.md."""
