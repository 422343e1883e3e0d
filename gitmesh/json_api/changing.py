"""Operations that make a commit or send a request to the server. Handlers block."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import count
from typing import Final

from events.types import CommitId, Seq
from gitmesh.access.recent_signatures import TRAILER
from gitmesh.access.visibility import visible_graph, visible_state
from gitmesh.access.visible_problems import visible_problems
from gitmesh.json_api.asking import Asked, absent
from gitmesh.json_api.errors import Refused, bad_request, forbidden
from gitmesh.json_api.expected import Expected
from gitmesh.json_shapes.changes import (
    ChangeShape,
    RefusedRollbackShape,
    RollbackShape,
    blast_radius_shape,
    change_shapes,
    rollback_shape,
)
from gitmesh.json_shapes.pins import PinAnswerShape, pin_answer_shape
from gitmesh.json_shapes.resources import ResourceChangesShape
from gitmesh.queries.commits import logged_commit
from gitmesh.queries.logged_mesh import logged_mesh
from gitmesh.service.changes.difference import Difference, difference
from gitmesh.service.changes.planned_commit import Authorship
from gitmesh.service.changes.resource_change import Mesh, TagChanges, Wanted
from gitmesh.service.changes.rollback_request import RollbackRequest, RollbackResult, roll_back
from gitmesh.service.delivery.pin_request import length_of, pin, unpin
from gitmesh.service.resources.change import InvalidChange
from gitmesh.service.resources.group_commit import Change
from gitmesh.service.resources.quotas import require_quotas
from mesh.canonical import Json, JsonObject
from mesh.graph.mesh_graph import MeshGraph
from mesh.keys import ResourceKey
from mesh.problems.problem import errors
from mesh.reading.native import read_resources
from mesh.reading.tags import Tags, read_tags
from mesh.resource import spec_json
from reconciler.git.writing import BranchMoved

MOST_DOCUMENTS: Final = 1_000
_MOST_RACES: Final = 20
_LOGGED_WITHIN_S: Final = 10.0


def changes(asked: Asked) -> ResourceChangesShape:
    """Change, add or delete resources, as one commit or not at all."""
    specs, tags = _wanted(asked)
    expected = Expected(*_documents(asked.list("expected"), "expected"))
    for key in expected.specs:
        asked.readable(str(key))  # a 409 would tell whether it exists
    if asked.flag("dryRun"):
        _require_read(asked, specs)
    else:
        _require_write(asked, specs)

    def wanted(now: Mesh) -> Wanted:
        for key, spec in specs.items():
            if spec is None and key not in now.graph.resources:
                raise absent(key)
        expected.require(now)
        require_quotas(specs, now)
        return Wanted(specs, expected.guarded(tags, now))

    said = asked.text("message", "")
    try:
        if asked.flag("dryRun"):
            planned = asked.served.changes.plan(wanted)
            return _answer(asked, None, (planned.before, planned.after.graph), dry_run=True)
        who, fresh = _who(asked), partial(_require_fresh, asked)
        change = Change(wanted, _message(asked, specs, said), who, fresh)
        made = asked.served.changes.make(change)
    except InvalidChange as error:
        seen = visible_problems(error.problems, error.after.files, asked.caller.permission)
        hidden = ", and others that you may not see" if seen.some_hidden else ""
        raise Refused(422, f"the mesh would have problems{hidden}", "", seen.shown) from None
    answer = _answer(asked, made, _before_and_after(asked, made), dry_run=False)
    return answer if made is None else {**answer, "changes": _logged(asked, made)}


def rollback(asked: Asked) -> RollbackShape | RefusedRollbackShape:
    """Restore the mesh of an earlier moment, or some of its resources, as a commit."""
    only = [asked.readable(name if isinstance(name, str) else "") for name in asked.list("only")]
    if only:
        _require_write(asked, only)
    elif not asked.caller.permission.writes_all:
        raise forbidden(
            f"{asked.caller.person.name} may not roll back everything: give single resources"
        )
    if not asked.flag("dryRun"):
        _require_fresh(asked)
    served = asked.served
    request = RollbackRequest(
        asked.text("to"),
        _who(asked),
        served.branch,
        tuple(map(str, only)),
        asked.text("reason", ""),
        asked.flag("dryRun"),
        trailers=_trailers(asked),
    )
    result = _rolled_back(asked, request)
    if result.difference is None:
        after = result.rollback.planned.after
        seen = visible_problems(after.problems, after.files, asked.caller.permission)
        raise Refused(422, "the mesh would have problems", "", tuple(errors(seen.shown)))
    if result.commit is not None:
        _wait(asked, result.commit)
    return rollback_shape(result)


def pin_commit(asked: Asked) -> PinAnswerShape:
    """Serve the mesh of an applied commit for a limited time, instead of the branch."""
    _require_all(asked)
    _require_fresh(asked)
    served, length = asked.served, length_of(asked.text("for", "1h"))
    reason, by = asked.text("reason"), asked.caller.mailbox
    answer = pin(
        served.log_path, served.repo, asked.text("commit"), reason=reason, length=length, by=by
    )
    return pin_answer_shape(answer)


def unpin_commit(asked: Asked) -> PinAnswerShape:
    """Serve the branch again."""
    _require_all(asked)
    _require_fresh(asked)
    answer = unpin(asked.served.log_path, reason=asked.text("reason", ""), by=asked.caller.mailbox)
    return pin_answer_shape(answer)


# ---- permissions and authorship ------------------------------------------------------------------


def _require_write(asked: Asked, keys: Iterable[ResourceKey]) -> None:
    for key in keys:
        if not asked.caller.permission.may_write(key):
            raise forbidden(f"{asked.caller.person.name} may not change {key}")


def _require_read(asked: Asked, keys: Iterable[ResourceKey]) -> None:
    for key in keys:
        if not asked.caller.permission.may_read(key):
            raise forbidden(f"{asked.caller.person.name} may not preview a change of {key}")


def _require_all(asked: Asked) -> None:
    if not asked.caller.permission.writes_all:
        raise forbidden(f"{asked.caller.person.name} may not choose what is served to everyone")


def _require_fresh(asked: Asked) -> None:
    """Refuse a change by a request that came before: somebody may have overheard it."""
    signed, known = asked.caller.signed, asked.served.signatures
    if signed is not None and known.is_used_up(asked.caller.identity, signed):
        raise Refused(403, "a request with this signature was received before", "sign it again")


def _who(asked: Asked) -> Authorship:
    return Authorship(asked.caller.person, asked.served.committer)


def _trailers(asked: Asked) -> tuple[str, ...]:
    signed = asked.caller.signed
    trailer = () if signed is None else (f"{TRAILER}: {signed.digest}",)
    return (f"Request-Id: {asked.caller.request_id}", *trailer, "Via: api")


def _message(asked: Asked, specs: Mapping[ResourceKey, object], said: str) -> str:
    """Return the commit message: the caller's, or one that names the changes."""
    names = sorted(map(str, specs))
    verb = "Delete" if all(spec is None for spec in specs.values()) else "Apply"
    subject = f"{verb} {names[0]}" if len(names) == 1 else f"{verb} {len(names)} resources"
    body = f"{asked.caller.person.name} changed {', '.join(names[:20])}"
    body += f" and {len(names) - 20} more." if len(names) > 20 else "."
    words = [_plain(said) or subject, body, "\n".join(_trailers(asked))]
    return "\n\n".join(words) + "\n"


def _plain(said: str) -> str:
    """Return a text as one paragraph, so that it adds no trailer."""
    return " ".join(said.split())[:500]


# ---- what is applied, and what came of it --------------------------------------------------------


def _wanted(asked: Asked) -> tuple[dict[ResourceKey, JsonObject | None], TagChanges]:
    """Return the new spec of each resource, and the new tags of those whose document has some."""
    specs, applied = _documents(asked.list("apply"), "apply")
    tags = {key: _always(found) for key, found in applied.items()}
    for name in asked.list("delete"):
        key = asked.readable(name if isinstance(name, str) else "")
        if key in specs:
            raise bad_request(f"{key} occurs twice, or is both applied and deleted")
        specs[key] = None
    if not specs:
        raise bad_request(
            "the request neither applies nor deletes a resource", "give apply or delete"
        )
    return specs, tags


def _documents(
    given: list[Json], member: str
) -> tuple[dict[ResourceKey, JsonObject | None], dict[ResourceKey, Tags]]:
    """Return the specs and tags of documents, each checked by itself."""
    if len(given) > MOST_DOCUMENTS:
        raise bad_request(f"more than {MOST_DOCUMENTS} documents", "apply them in several requests")
    specs: dict[ResourceKey, JsonObject | None] = {}
    tags: dict[ResourceKey, Tags] = {}
    for at, each in enumerate(given):
        reading = read_resources(f"{member}[{at}].json", json.dumps(each).encode())
        if wrong := errors(reading.problems):
            raise Refused(422, f"{member}[{at}] is not valid", "", wrong)
        if len(reading.resources) != 1 or not isinstance(each, dict):
            raise bad_request(f"{member}[{at}] is not one resource in native form")
        found = reading.resources[0]
        if found.key in specs:
            raise bad_request(f"{found.key} is there twice")
        specs[found.key] = spec_json(found.spec)
        if "tags" in each:
            tags[found.key] = read_tags(each["tags"])
    return specs, tags


def _always(tags: Tags) -> Callable[[Tags], Tags]:
    return lambda _: tags


def _answer(
    asked: Asked, made: CommitId | None, meshes: tuple[MeshGraph, MeshGraph], *, dry_run: bool
) -> ResourceChangesShape:
    found = _difference(asked, *meshes)
    return {
        "commit": made,
        "dryRun": dry_run,
        "changes": change_shapes(found.changes),
        "blastRadius": blast_radius_shape(found.radius),
    }


def _logged(asked: Asked, made: CommitId) -> list[ChangeShape]:
    """Return the changes of a commit from the log, where they have file paths."""
    last = asked.log.seq_of_commit(made)
    records = () if last is None else logged_commit(asked.log, last).records[1:]
    return [{"kind": each.kind, "subject": each.subject, "data": each.data} for each in records]


def _difference(asked: Asked, before: MeshGraph, after: MeshGraph) -> Difference:
    """Return the changes that the caller may see, derived only from resources that they may
    read."""
    permission = asked.caller.permission
    proxies = asked.log.connected_nodes()
    keys = {ResourceKey.parse(node): number for node, number in proxies.items()}
    seen = {key: number for key, number in keys.items() if permission.may_read(key)}
    return difference(visible_graph(before, permission), visible_graph(after, permission), seen)


def _before_and_after(asked: Asked, made: CommitId | None) -> tuple[MeshGraph, MeshGraph]:
    """Return the meshes before and after a commit; without a commit, twice the current mesh."""
    last = None if made is None else asked.log.seq_of_commit(made)
    first = None if last is None else asked.log.first_seq_of_commit(last)
    permission = asked.caller.permission
    after = logged_mesh(visible_state(asked.log.state(last), permission))
    if first is None:
        return after, after
    return logged_mesh(visible_state(asked.log.state(Seq(first - 1)), permission)), after


def _rolled_back(asked: Asked, request: RollbackRequest) -> RollbackResult:
    for race in count(1):
        try:
            found = roll_back(asked.served.repo, asked.served.log_path, request)
        except BranchMoved:
            if race == _MOST_RACES:
                raise
            continue
        planned = found.rollback.planned
        if found.difference is None or asked.reads_all:
            return found
        seen = _difference(asked, planned.before, planned.after.graph)
        return RollbackResult(found.rollback, seen, found.commit, None)
    raise AssertionError  # the loop ends by itself only in the eyes of a type checker


def _wait(asked: Asked, made: CommitId) -> None:
    """Wait until the log has a commit, so that the caller's next request sees it."""
    deadline = time.monotonic() + _LOGGED_WITHIN_S
    while not asked.log.is_logged(made):
        if time.monotonic() >= deadline:
            raise Refused(503, f"commit {made[:7]} is made, but the log does not have it yet")
        time.sleep(0.005)
