"""Descriptions of each event kind and its fields, for docs/events.md."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class KindDoc:
    """Description of one kind."""

    meaning: str
    subject: str
    actor: str
    fields: Mapping[str, str]
    """By path: ``author.name`` is a field of an object, ``weights[].port`` a field of each item."""


_AUTHOR: Final = "the commit's author, `Name <email>`"
_SERVER: Final = "`gitmesh`"
_KEY: Final = "the resource's key"
_NODE: Final = "the node id of the proxy"

_FACTS: Final = {
    "tree": "Id of the commit's tree: equal trees hold equal specs.",
    "parents": "Ids of the parents, the first one first.",
    "author": "Who the commit says wrote the change.",
    "author.name": "Name.",
    "author.email": "E-mail address.",
    "author.at": "RFC 3339 time with the offset that the commit carries.",
    "committer": "Who the commit says made the commit; same fields as `author`.",
    "committer.name": "Name.",
    "committer.email": "E-mail address.",
    "committer.at": "RFC 3339 time with the offset that the commit carries.",
    "message": "The whole message.",
    "trailers": "The message's trailers, `[key, value]` each, in their order.",
    "reverts": "Ids of commits that the message says it reverts.",
}


def _problem(name: str, what: str) -> dict[str, str]:
    return {
        name: what,
        f"{name}[].path": "File in the repository; empty when no single file is at fault.",
        f"{name}[].line": "Line, from 1; 0 for the file as a whole.",
        f"{name}[].where": "JSON path in the document.",
        f"{name}[].code": "Stable code: see [problems.md](problems.md).",
        f"{name}[].message": "What is wrong.",
        f"{name}[].hint": "What to do about it; may be empty.",
        f"{name}[].severity": "`error` or `warning`.",
    }


_SPEC: Final = {
    "spec": "The whole spec after the event, in App Mesh's spelling; opaque to the log.",
    "path": "File in the repository that it stands in.",
}

KINDS: Final[Mapping[str, KindDoc]] = {
    "CommitApplied": KindDoc(
        "The mesh became what this commit says. Its resource events follow directly, "
        "in the same transaction.",
        "the commit",
        _AUTHOR,
        {
            **_FACTS,
            "restores": "Id of the latest applied commit before it that has the same tree, if "
            "any: an exact rollback to that commit. Else null.",
            "changes": "How many resource events follow.",
            **_problem("warnings", "What a person should mend, though the commit was applied."),
        },
    ),
    "CommitRejected": KindDoc(
        "The commit asks for something wrong. The mesh stays as it was.",
        "the commit",
        _AUTHOR,
        {
            **_FACTS,
            **_problem("problems", "What is wrong, sorted by place."),
            "omitted": "How many problems were found beyond those listed.",
        },
    ),
    "ResourceAdded": KindDoc("A resource is new.", _KEY, _AUTHOR, _SPEC),
    "ResourceChanged": KindDoc(
        "A resource has another spec.",
        _KEY,
        _AUTHOR,
        {
            **_SPEC,
            "fields": "Each field that differs, in the order of the spec's keys and positions.",
            "fields[].where": "JSON path in the spec.",
            "fields[].before": "The value before; null where it was absent.",
            "fields[].after": "The value after; null where it is absent.",
        },
    ),
    "TrafficShifted": KindDoc(
        "A route spreads the same traffic over its targets in other shares, "
        "and nothing else about it changed.",
        _KEY,
        _AUTHOR,
        {
            **_SPEC,
            "weights": "Every target that the route has or had.",
            "weights[].virtualNode": "Name of the target.",
            "weights[].port": "Port of the target, or null where the route names none.",
            "weights[].before": "Its weight before; 0 where it was no target.",
            "weights[].after": "Its weight after; 0 where it is none any more.",
        },
    ),
    "ResourceRemoved": KindDoc("A resource is gone.", _KEY, _AUTHOR, {}),
    "HistoryRewritten": KindDoc(
        "The branch moved to a commit that does not follow on the one seen last: a force push. "
        "What the new commit says follows in the same transaction.",
        "the commit that the branch moved to",
        "empty: git does not say who pushed",
        {
            "before": "Id of the commit seen last.",
            "mergeBase": "Id of the nearest commit that both have, or null.",
            "dropped": "Ids of the commits that the branch lost, the newest first "
            "(first parents only).",
            "topology": "`rewritten`; or `foxtrot` when the last commit is still an ancestor, "
            "but not by first parents.",
        },
    ),
    "SnapshotPublished": KindDoc(
        "The mesh after a commit was offered to the proxies it affects.",
        "the commit",
        _SERVER,
        {
            "meshSeq": "Position in the mesh chain of the state that was offered.",
            "nodes": "Node ids, sorted, of which connected proxies were sent something.",
            "proxies": "How many proxies were sent something.",
            "unchanged": "Number of affected proxies that were sent nothing: their configuration "
            "stays the same, or their node is gone and they keep the last one. "
            "Since version 2; 0 in older events.",
        },
    ),
    "SnapshotConverged": KindDoc(
        "Every proxy that was offered the snapshot acknowledged it, or went away.",
        "the commit",
        _SERVER,
        {
            "proxies": "How many proxies acknowledged it; who went away before does not count.",
            "timings": "Microseconds since the cause that `after` names, as far as they are known: "
            "`seen` by the reconciler, `planned` into the log, `written` to the last proxy, "
            "`acked` by the last proxy.",
            "after": "What the times count from: `branch`, the branch moved; `pin`, somebody "
            "pinned the commit; `release`, a pin ended. Empty in events written before this field "
            "was there.",
        },
    ),
    "SnapshotDelayed": KindDoc(
        "Some proxies that were offered the snapshot have still not acknowledged it. Told after "
        "5 seconds, half a minute and 5 minutes.",
        "the commit",
        _SERVER,
        {
            "proxies": "How many proxies it was offered to.",
            "arrived": "How many of them acknowledged all of it.",
            "refused": "How many of them refused part of it.",
            "waiting": "Up to 20 of the others, sorted, as in `ProxyConnected`.",
        },
    ),
    "SnapshotRejected": KindDoc(
        "A proxy refused one type of its snapshot, and goes on with what it had.",
        _NODE,
        _NODE,
        {
            "proxy": "Which proxy was the first to refuse it, as in `ProxyConnected`.",
            "typeUrl": "The type of resources that it refused.",
            "version": "The version of that type that it refused.",
            "snapshot": "The version of the whole snapshot that it was on its way to; empty if it "
            "took all of that, and refused to let go of what was before.",
            "names": "The resources at fault, as far as the message names them; else those that "
            "were new to the proxy.",
            "message": "Why, in the proxy's words.",
            "specs": "Keys of the specs that these resources were made from, narrowed to those "
            "that changed since the proxies of the node accepted a snapshot and to what the "
            "message names; those likely at fault.",
        },
    ),
    "ProxyConnected": KindDoc(
        "A proxy opened a stream and named its node.",
        _NODE,
        _NODE,
        {
            "proxy": "Tells the proxies of one node apart: peer address and stream number.",
            "version": "What the proxy says it runs.",
            "state": "`behind`: it is on its way to what is served; `held`: its node does not "
            "exist yet; `last-accepted`: the newest snapshot is being refused by its like, and it "
            "is served the last one that was accepted.",
        },
    ),
    "ProxiesSettled": KindDoc(
        "Where proxies stand of which no other event tells it: those that came, answered late, "
        "refused what was told as refused before, were given the last accepted snapshot, or are "
        "connected to a worker that does not answer. At most one a second.",
        "the commit that is served",
        _SERVER,
        {
            "meshSeq": "Position in the mesh chain of the state that is served.",
            "inSync": "Those that acknowledged all they are to have, as in `ProxyConnected`.",
            "refused": "Those that refused part of it and go on with what they had.",
            "lastAccepted": "Those that are served the last snapshot that was accepted.",
            "behind": "Those that may not have what is served now: their worker does not answer. "
            "Since version 2.",
        },
    ),
    "ProxyDisconnected": KindDoc(
        "A proxy's stream ended.",
        _NODE,
        _NODE,
        {"proxy": "As in `ProxyConnected`.", "reason": "Why the stream ended."},
    ),
    "WorkerUnresponsive": KindDoc(
        "A worker process of the server does not answer. Its proxies keep what they have, and "
        "what is pushed does not reach them; proxies of other workers do not wait for it.",
        _SERVER,
        _SERVER,
        {
            "worker": "Number of the worker, from 1.",
            "process": "Its process id.",
            "proxies": "How many proxies are connected to it.",
        },
    ),
    "WorkerResponsive": KindDoc(
        "A worker that did not answer answers again, or has ended and is replaced.",
        _SERVER,
        _SERVER,
        {
            "worker": "Number of the worker.",
            "why": "`answers`; or `ended`, after which its proxies are disconnected and find "
            "another worker.",
        },
    ),
    "ProxiesFlapped": KindDoc(
        "Proxies of a node came and went too often to be told of one by one: beyond 1,000 connects "
        "of a node, and as many in a day after that (10,000 of all nodes), they are summed up, "
        "once a minute at first and at last once in ten. A sum with more than 1,000 names is "
        "several events, of which the first has the counts.",
        _NODE,
        _NODE,
        {
            "since": "When the first of them came or went: UTC, RFC 3339.",
            "connects": "How many streams were opened since then.",
            "disconnects": "How many ended.",
            "connected": "Of those that were opened, the ones that are there: `proxy`, `version` "
            "and `state` of each, as in `ProxyConnected`.",
            "disconnected": "Those of which an event before said that they are connected, and that "
            "are not.",
            "reason": "Why the last one ended.",
        },
    ),
    "ServerStarted": KindDoc(
        "A server took up the log. No proxy that was connected before is connected now.",
        _SERVER,
        _SERVER,
        {"version": "Of gitmesh."},
    ),
    "RulesChanged": KindDoc(
        "A gitmesh took up the log that decides by other rules what the mesh chain gains for a "
        "commit. A log without this kind was decided by rules 1 from its beginning on.",
        _SERVER,
        _SERVER,
        {
            "before": "Number of the rules before.",
            "after": "Number of the rules from here on.",
            "meshSeq": "The last position of the mesh chain that the rules before decided.",
            "version": "Of gitmesh, which brought the new ones.",
        },
    ),
    "SourceDegraded": KindDoc(
        "The server cannot do all that it should: it cannot follow the repository, or a file in it "
        "shows history otherwise than the commits do (`history-replaced`), and what is served "
        "stays as it was; or it has no room for more connections (`connections-full`).",
        "the reason, a stable word",
        _SERVER,
        {"message": "What happened."},
    ),
    "SourceRecovered": KindDoc(
        "What was degraded is as it should be again.",
        "the reason that is over",
        _SERVER,
        {},
    ),
    "PushReceived": KindDoc(
        "Somebody pushed to the branch that is followed. It is told by the hook of the repository, "
        "so a branch that moves otherwise has none; after a crash one push may be told twice.",
        "the full name of the branch's ref",
        "the pusher",
        {
            "before": "Id of the commit that the branch was at; null where it was new.",
            "pusher": "Who, as whoever let them in says: the user of HTTP, or of the machine.",
            "via": "`http`, `ssh` or `local`.",
            "account": "The user of the machine whose process ran the hook.",
            "claimed": "`Name <email>` as the pusher's own git says: a claim. Empty without one.",
            "options": "What `git push -o` said, in its order.",
            "omitted": "How many options were said beyond those listed.",
        },
    ),
    "PushRefused": KindDoc(
        "Somebody tried to push, and the hook of the repository refused it: nothing was changed. "
        "A pusher who tries again and again is recorded one by one at first, and then about once "
        "a minute, with how many attempts have no event of their own.",
        "the full name of the ref",
        "the pusher",
        {
            "before": "Id of the commit that the ref was at; null where there was none.",
            "pusher": "As in `PushReceived`.",
            "via": "As in `PushReceived`.",
            "account": "As in `PushReceived`.",
            "claimed": "As in `PushReceived`.",
            "options": "As in `PushReceived`.",
            "omitted": "As in `PushReceived`.",
            "reason": "`problems`: commits ask for something wrong; `force-push` or `deletion`: "
            "the configuration of the repository forbids it; `own-refs`: it would move refs of "
            "gitmesh itself; `unchecked`: it could not be checked. More may be added.",
            "commits": "Ids of up to 10 commits at fault, the oldest first. They did not get into "
            "the repository.",
            **_problem(
                "problems", "The first 5 problems; of each text at most the first 200 characters."
            ),
            "moreProblems": "How many problems were found beyond those listed.",
            "unrecorded": "How many pushes of the same pusher were refused since the event before "
            "and have none of their own.",
        },
    ),
    "ServingPinned": KindDoc(
        "Somebody broke the glass: the mesh of this commit is served, whatever the branch says, "
        "until the pin is released or its time is over.",
        "the commit",
        "who pinned it",
        {
            "meshSeq": "Position in the mesh chain of the state that is served.",
            "by": "The user of the machine who asked for it.",
            "reason": "Why.",
            "until": "When it ends by itself: UTC, RFC 3339.",
        },
    ),
    "ServingReleased": KindDoc(
        "A pin is over. What the branch says is served again, unless another pin follows.",
        "the commit that was pinned",
        "who released it; `gitmesh` where its time was over",
        {
            "why": "`released`, `expired` or `replaced`.",
            "by": "Who asked for it; empty where its time was over.",
            "reason": "Why, if anybody said.",
        },
    ),
}
"""Every kind, in the order of the page."""
