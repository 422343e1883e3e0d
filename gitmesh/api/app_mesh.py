"""Execution of App Mesh API calls through the use cases of ``gitmesh.service``."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import islice

from events.clock import utc_now
from events.store import EventReader
from events.types import Chain, CommitId
from gitmesh.access.caller import Caller
from gitmesh.access.recent_signatures import TRAILER as SIGNATURE
from gitmesh.access.recent_signatures import RecentSignatures
from gitmesh.access.visible_problems import visible_problems
from gitmesh.api.answers import (
    COMMIT_HEADER,
    Account,
    Answer,
    PageTokens,
    page,
    page_of_tags,
    resource,
)
from gitmesh.api.calls import Call
from gitmesh.api.errors import bad_request, conflict, forbidden, invalid, not_found, unavailable
from gitmesh.api.operations import Action
from gitmesh.api.recent_calls import CLIENT_TOKEN, DIGEST, INVOCATION, RecentCalls, digest_of
from gitmesh.api.staging import Staging
from gitmesh.api.writes import absent, require_fresh, wanted
from gitmesh.service.changes.planned_commit import Authorship
from gitmesh.service.changes.resource_change import Mesh, Wanted
from gitmesh.service.delivery.outcome import Outcome, outcome
from gitmesh.service.delivery.wait_goal import Goal
from gitmesh.service.resources import description
from gitmesh.service.resources.change import InvalidChange, ResourceChanges
from gitmesh.service.resources.description import (
    Description,
    collection,
    describe,
    last_description,
)
from gitmesh.service.resources.group_commit import Change
from gitmesh.service.resources.tags import ServedTags
from mesh.errors import Fatal, GitmeshError, Retryable, UsageError
from mesh.keys import Kind, ResourceKey
from reconciler.git.writing import Person


class AppMeshApi:
    """Executes calls: reads from one log, writes commits to one repository. Methods block."""

    def __init__(
        self,
        log: EventReader,
        changes: ResourceChanges,
        tags: ServedTags,
        account: Callable[[], Account],
        committer: Person,
        staging: Staging,
        signatures: RecentSignatures,
    ) -> None:
        self._log = log
        self._changes = changes
        self._accounts = account
        self._committer = committer
        self._recent = RecentCalls(log)
        self._tags = tags
        self._staging = staging
        self._signatures = signatures

    @property
    def _account(self) -> Account:
        return self._accounts()

    def answer(self, call: Call, caller: Caller) -> Answer:
        """Return the answer to a call.

        :raises ApiError: the call is refused or fails; nothing was changed.
        """
        self._require_access(call, caller)
        match call.operation.action:
            case Action.LIST:
                return self._list(call, caller)
            case Action.DESCRIBE:
                return self._describe(call, caller)
            case Action.CREATE | Action.UPDATE:
                return self._set(call, caller)
            case Action.DELETE:
                return self._delete(call, caller)
            case Action.TAG | Action.UNTAG:
                return self._retag(call, caller)
            case Action.LIST_TAGS:
                return self._list_tags(call, caller)

    def _require_access(self, call: Call, caller: Caller) -> None:
        """Refuse a call that the caller may not make, whether or not the resource exists.

        A resource that the caller may not read is treated as one that does not exist.
        """
        may, mesh = caller.permission, ResourceKey.of_mesh(call.mesh)
        if call.operation.action.writes:
            self._require_write(call, caller, call.key)
        if call.owner is not None and call.owner != self._account.number:
            raise absent(mesh, self._account)
        above = [mesh] if call.mesh else []
        if call.kind.parent is not None:
            above.append(ResourceKey.of(call.kind.parent, call.mesh, call.parent))
        for each in [*above, *([call.key] if call.key else [])]:
            if not may.may_read(each):
                raise absent(self._first_absent(each), self._account)

    def _require_write(self, call: Call, caller: Caller, key: ResourceKey | None) -> None:
        """Refuse a write that the caller may not make; without a key, refuse callers without any
        write permission."""
        may = caller.permission
        if not may.may_write_something():
            raise forbidden(f"{caller.person.name} may not call {call.operation.name}")
        if key is not None and not may.may_write(key):
            raise forbidden(f"{caller.person.name} may not call {call.operation.name} on {key}")

    def _first_absent(self, key: ResourceKey) -> ResourceKey:
        """Return the key that does not exist: the mesh of a resource if even that is absent, else
        the resource."""
        mesh = ResourceKey.of_mesh(key.mesh)
        return key if describe(self._log, mesh) is not None else mesh

    def progress(self, commit: CommitId) -> Outcome:
        """Return how far a commit is on its way to the proxies that it affects."""
        return outcome(self._log, commit, Goal("converged"))

    # ---- read ------------------------------------------------------------------------------------

    def _list(self, call: Call, caller: Caller) -> Answer:
        self._require_parents(call)
        within = collection(call.kind, call.mesh, call.parent)
        tokens = PageTokens(self._secret())
        after = tokens.after(call.next_token, within) if call.next_token else ""
        found = description.page(
            self._log,
            call.kind,
            call.mesh,
            call.parent,
            after=after,
            limit=call.limit,
            visible=caller.permission.may_read,
        )
        token = tokens.token(within, str(found.items[-1].key)) if found.more else None
        return Answer(200, page(call.kind, found, self._account, token))

    def _require_parents(self, call: Call) -> None:
        if call.kind is Kind.MESH:
            return
        self._described(ResourceKey.of_mesh(call.mesh))
        if call.kind.parent is not None:
            self._described(ResourceKey.of(call.kind.parent, call.mesh, call.parent))

    def _describe(self, call: Call, caller: Caller) -> Answer:
        key = _key(call)
        if call.change is not None:
            staged = self._staging.described(call, key, caller)
            if staged is not None:
                return self._resource(staged)
        return self._resource(self._described(key))

    def _described(self, key: ResourceKey) -> Description:
        found = describe(self._log, key)
        if found is None:
            raise absent(self._first_absent(key), self._account)
        return found

    def _resource(self, found: Description, status: str = "ACTIVE") -> Answer:
        return Answer(200, resource(found, self._account, status))

    def _list_tags(self, call: Call, caller: Caller) -> Answer:
        key = self._named(call, caller, lambda key: describe(self._log, key) is not None)
        tags = self._tags.of(key) or {}
        tokens, within = PageTokens(self._secret()), f"tags of {key}"
        after = tokens.after(call.next_token, within) if call.next_token else ""
        rest = {name: tags[name] for name in sorted(tags) if name > after}
        shown = dict(islice(rest.items(), call.limit))
        token = tokens.token(within, list(shown)[-1]) if len(rest) > len(shown) else None
        return Answer(200, page_of_tags(shown, token))

    def _named(
        self, call: Call, caller: Caller, exists: Callable[[ResourceKey], bool]
    ) -> ResourceKey:
        """Return the resource that an ARN names.

        :raises ApiError: there is no such resource that the caller may know of.
        """
        arn = call.arn
        assert arn is not None  # noqa: S101 -- calls about tags have one
        ours = (arn.account, arn.region) == (self._account.number, self._account.region)
        for key in arn.keys if ours else ():
            if caller.permission.may_read(key) and exists(key):
                return key
        raise not_found(f"The resource with ARN {arn.text} is not present")

    def _secret(self) -> bytes:
        """Return the key of page tokens. It follows from the log, so it never changes."""
        first = next(iter(self._log.read(Chain.MESH, limit=1)), None)
        return hashlib.sha256(b"page tokens of " + (first.hash if first else "").encode()).digest()

    # ---- write -----------------------------------------------------------------------------------

    def _set(self, call: Call, caller: Caller) -> Answer:
        key = _key(call)
        if call.change is not None:
            return self._staging.stage(call, key, caller)

        def plan(now: Mesh) -> Wanted:
            if self._is_repeated(call, caller):
                return Wanted()
            return wanted(call, key, now, self._account, caller.permission)

        made = self._make(call, key, caller, plan)
        return _by(made, self._resource(self._described(key)))

    def _delete(self, call: Call, caller: Caller) -> Answer:
        key = _key(call)
        if call.change is not None:
            return self._staging.stage(call, key, caller)
        last: list[Description] = []

        def plan(now: Mesh) -> Wanted:
            if key not in now.graph.resources and self._is_deleted_by(call, caller):
                return Wanted()
            found = wanted(call, key, now, self._account, caller.permission)
            last[:] = [self._described(key)]
            return found

        made = self._make(call, key, caller, plan)
        found = last[0] if last else last_description(self._log, key)
        if found is None:
            raise absent(key, self._account)
        return _by(made, self._resource(found, "DELETED"))

    def _retag(self, call: Call, caller: Caller) -> Answer:
        key = self._named(call, caller, lambda key: self._staging.exists(call, key, caller))
        self._require_write(call, caller, key)
        if call.change is not None:
            return self._staging.stage(call, key, caller)

        def plan(now: Mesh) -> Wanted:
            return wanted(call, key, now, self._account, caller.permission)

        return _by(self._make(call, key, caller, plan), Answer(200, {}))

    def _is_repeated(self, call: Call, caller: Caller) -> bool:
        """Return whether a call repeats an earlier one, whose answer may have been lost.

        :raises ApiError: the call's client token was used with other parameters.
        """
        before = self._recent.digest(
            caller.person.email, CLIENT_TOKEN, call.client_token, utc_now()
        )
        if before is None:
            return False
        if before != digest_of(call):
            raise conflict("this clientToken was used before, with other parameters")
        return True

    def _is_deleted_by(self, call: Call, caller: Caller) -> bool:
        """Return whether an earlier attempt of the same call has deleted the resource."""
        before = self._recent.digest(
            caller.person.email, INVOCATION, caller.invocation_id, utc_now()
        )
        return before == digest_of(call)

    def _make(
        self, call: Call, key: ResourceKey, caller: Caller, plan: Callable[[Mesh], Wanted]
    ) -> CommitId | None:
        who = Authorship(caller.person, self._committer)
        ids = {CLIENT_TOKEN: call.client_token, INVOCATION: caller.invocation_id}
        digest = digest_of(call)

        def made() -> None:
            self._recent.remember(caller.person.email, ids, digest, utc_now())

        known = frozenset(
            f"{caller.person.email} {name} {value}" for name, value in ids.items() if value
        )
        fresh = partial(require_fresh, self._signatures, caller)
        change = Change(plan, _message(call, key, caller, digest), who, fresh, made, known)
        try:
            return self._changes.make(change)
        except InvalidChange as error:
            seen = visible_problems(error.problems, error.after.files, caller.permission)
            raise invalid(seen.shown, some_hidden=seen.some_hidden) from None
        except Retryable as error:
            raise unavailable(error.message) from None
        except Fatal as error:
            if not caller.permission.reads_all:  # it may name another resource
                raise bad_request("the change would affect other resources, too") from None
            raise bad_request(error.line) from None
        except UsageError as error:
            raise bad_request(error.line) from None
        except GitmeshError as error:
            raise unavailable(error.message) from None


def _by(made: CommitId | None, answer: Answer) -> Answer:
    """Return an answer that names the commit of its call, if it made one."""
    return answer if made is None else replace(answer, headers={COMMIT_HEADER: made})


def _key(call: Call) -> ResourceKey:
    assert call.key is not None  # noqa: S101 -- only lists have none
    return call.key


def _message(call: Call, key: ResourceKey, caller: Caller, digest: str) -> str:
    """Return the commit message: the operation and the resource, with trailers about the
    request."""
    lines = [
        f"{call.operation.name} {key}",
        "",
        f"{caller.person.name} called {call.operation.name} of the App Mesh API.",
        "",
        f"Request-Id: {caller.request_id}",
    ]
    if call.client_token is not None:
        lines.append(f"{CLIENT_TOKEN}: {call.client_token}")
    if caller.invocation_id is not None:
        lines.append(f"{INVOCATION}: {caller.invocation_id}")
    if caller.signed is not None:
        lines.append(f"{SIGNATURE}: {caller.signed.digest}")
    lines.append(f"{DIGEST}: {digest}")
    return "\n".join([*lines, "Via: api"]) + "\n"
