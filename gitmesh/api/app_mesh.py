"""The App Mesh API over the use cases of resources: calls in, answers out.

Messages are worded as the service worded them where clients or people depended on it.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from events.clock import utc_now
from events.store import EventReader
from events.types import Chain
from gitmesh.api.answers import Account, Answer, PageTokens, page, resource
from gitmesh.api.calls import Call
from gitmesh.api.errors import (
    ApiError,
    bad_request,
    conflict,
    forbidden,
    in_use,
    invalid,
    not_found,
    unavailable,
)
from gitmesh.api.operations import Action
from gitmesh.api.recent_calls import CLIENT_TOKEN, DIGEST, INVOCATION, RecentCalls, digest_of
from gitmesh.service.changes.planned_commit import Authorship
from gitmesh.service.changes.resource_change import SpecChanges
from gitmesh.service.resources import description
from gitmesh.service.resources.change import (
    Change,
    InvalidChange,
    ResourceChanges,
)
from gitmesh.service.resources.description import (
    Description,
    collection,
    describe,
    last_description,
)
from mesh.errors import Fatal, GitmeshError, Retryable, UsageError
from mesh.graph.linked import MeshGraph
from mesh.graph.references import parent_of
from mesh.keys import Kind, ResourceKey
from reconciler.git.writing import Person
from reconciler.reading.tree import SpecTree

_BLOCKING: Final = {
    Kind.MESH: "it still has resources in it",
    Kind.VIRTUAL_NODE: "it is the target of one or more routes, or a VirtualService provider",
    Kind.VIRTUAL_ROUTER: "it has routes, or is a VirtualService provider",
    Kind.VIRTUAL_GATEWAY: "it has gateway routes",
    Kind.VIRTUAL_SERVICE: "it is being referenced in gateway routes",
    Kind.ROUTE: "others refer to it",
    Kind.GATEWAY_ROUTE: "others refer to it",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller of an operation, and their permissions."""

    person: Person
    """The author of the commits that the caller makes."""
    may_write: bool
    may_see: Callable[[str], bool]
    """Tells whether the caller may know of a mesh."""
    request_id: str
    invocation_id: str | None = None
    """The client's own id of the call, which it repeats when it tries again."""


class AppMeshApi:
    """Answers calls from one log, and makes commits in one repository. Methods block."""

    def __init__(
        self, log: EventReader, changes: ResourceChanges, account: Account, committer: Person
    ) -> None:
        self._log = log
        self._changes = changes
        self._account = account
        self._committer = committer
        self._recent = RecentCalls(log)

    def answer(self, call: Call, caller: Caller) -> Answer:
        """Return the answer to a call.

        :raises ApiError: it cannot be answered as asked; nothing was changed.
        """
        self._require_access(call, caller)
        match call.operation.action:
            case Action.LIST:
                return self._list(call, caller)
            case Action.DESCRIBE:
                return self._resource(self._described(_key(call)))
            case Action.CREATE:
                return self._create(call, caller)
            case Action.UPDATE:
                return self._update(call, caller)
            case Action.DELETE:
                return self._delete(call, caller)
        raise ApiError("UnknownOperationException", 501, "this operation is not served yet")

    def _require_access(self, call: Call, caller: Caller) -> None:
        if call.operation.action.writes and not caller.may_write:
            raise forbidden(f"{caller.person.name} may not call {call.operation.name}")
        seen = call.mesh == "" or caller.may_see(call.mesh)
        if not seen or call.owner not in (None, self._account.number):
            raise not_found(self._absent(ResourceKey.of_mesh(call.mesh)))

    # ---- read ------------------------------------------------------------------------------------

    def _list(self, call: Call, caller: Caller) -> Answer:
        self._require_parents(call)
        within = collection(call.kind, call.mesh, call.parent)
        tokens = PageTokens(self._secret())
        after = tokens.after(call.next_token, within) if call.next_token else ""
        found = description.page(
            self._log, call.kind, call.mesh, call.parent, after=after, limit=call.limit
        )
        token = tokens.token(within, found.items[-1].key) if found.more else None
        if call.kind is Kind.MESH:
            visible = tuple(each for each in found.items if caller.may_see(each.key.mesh))
            found = description.Page(visible, found.more)
        return Answer(200, page(call.kind, found, self._account, token))

    def _require_parents(self, call: Call) -> None:
        if call.kind is Kind.MESH:
            return
        mesh = ResourceKey.of_mesh(call.mesh)
        if describe(self._log, mesh) is None:
            raise not_found(self._absent(mesh))
        if call.kind.parent is not None:
            parent = ResourceKey.of(call.kind.parent, call.mesh, call.parent)
            if describe(self._log, parent) is None:
                raise not_found(self._absent(parent))

    def _described(self, key: ResourceKey) -> Description:
        found = describe(self._log, key)
        if found is None:
            raise not_found(self._absent(key))
        return found

    def _resource(self, found: Description, status: str = "ACTIVE") -> Answer:
        return Answer(200, resource(found, self._account, status))

    def _absent(self, key: ResourceKey) -> str:
        account = f"for account {self._account.number}"
        if key.kind is Kind.MESH:
            return f"Mesh with name {key.mesh} is not present {account}"
        above = f"under mesh {key.mesh}"
        return f"{key.kind} with name {key.name} is not present {above} {account}"

    def _secret(self) -> bytes:
        """Return what page tokens are marked with: it belongs to the log, so it never changes."""
        first = next(iter(self._log.read(Chain.MESH, limit=1)), None)
        return hashlib.sha256(b"page tokens of " + (first.hash if first else "").encode()).digest()

    # ---- write -----------------------------------------------------------------------------------

    def _create(self, call: Call, caller: Caller) -> Answer:
        key = _key(call)

        def specs(now: SpecTree) -> SpecChanges:
            if self._is_repeated(call):
                return {}
            self._require_above(key, now.graph)
            present = now.graph.get(key)
            if present is not None:
                raise conflict(f"{key.kind} with name {key.name} already exists")
            return {key: call.spec or {}}

        self._make(call, caller, specs)
        return self._resource(self._described(key))

    def _update(self, call: Call, caller: Caller) -> Answer:
        key = _key(call)

        def specs(now: SpecTree) -> SpecChanges:
            if self._is_repeated(call):
                return {}
            if key not in now.graph.resources:
                raise not_found(self._absent(key))
            return {key: call.spec or {}}

        self._make(call, caller, specs)
        return self._resource(self._described(key))

    def _delete(self, call: Call, caller: Caller) -> Answer:
        key = _key(call)
        last: list[Description] = []

        def specs(now: SpecTree) -> SpecChanges:
            if key not in now.graph.resources:
                if not self._is_deleted_by(call, caller):
                    raise not_found(self._absent(key))
                return {}
            if users := _users(now.graph, key):
                named = ", ".join(map(str, users[:5])) + (", …" if len(users) > 5 else "")
                raise in_use(
                    f"{key.kind} with name {key.name} cannot be deleted because "
                    f"{_BLOCKING[key.kind]}: {named}"
                )
            last[:] = [self._described(key)]
            return {key: None}

        self._make(call, caller, specs)
        found = last[0] if last else last_description(self._log, key)
        if found is None:
            raise not_found(self._absent(key))
        return self._resource(found, "DELETED")

    def _is_repeated(self, call: Call) -> bool:
        """Tell whether a call was carried out before, and its answer was perhaps lost.

        :raises ApiError: its token came with other parameters.
        """
        before = self._recent.digest(CLIENT_TOKEN, call.client_token, utc_now())
        if before is None:
            return False
        if before != digest_of(call):
            raise conflict("this clientToken was used before, with other parameters")
        return True

    def _is_deleted_by(self, call: Call, caller: Caller) -> bool:
        """Tell whether an earlier attempt of the same call has deleted the resource."""
        before = self._recent.digest(INVOCATION, caller.invocation_id, utc_now())
        return before == digest_of(call)

    def _require_above(self, key: ResourceKey, graph: MeshGraph) -> None:
        """Check that what a new resource is created in exists."""
        above = [] if key.kind is Kind.MESH else [ResourceKey.of_mesh(key.mesh)]
        parent = parent_of(key)
        for each in above + ([parent] if parent is not None else []):
            if each not in graph.resources:
                raise not_found(self._absent(each))

    def _make(
        self,
        call: Call,
        caller: Caller,
        specs: Callable[[SpecTree], SpecChanges],
    ) -> None:
        who = Authorship(caller.person, self._committer)
        ids = {CLIENT_TOKEN: call.client_token, INVOCATION: caller.invocation_id}
        digest = digest_of(call)

        def made() -> None:
            self._recent.remember(ids, digest, utc_now())

        change = Change(specs, _message(call, caller, digest), who, made)
        try:
            self._changes.make(change)
        except InvalidChange as error:
            raise invalid(error.problems) from None
        except Retryable as error:
            raise unavailable(error.message) from None
        except (UsageError, Fatal) as error:
            hint = f" ({error.hint})" if error.hint else ""
            raise bad_request(f"{error.message}{hint}") from None
        except GitmeshError as error:
            raise unavailable(error.message) from None


def _key(call: Call) -> ResourceKey:
    assert call.key is not None  # noqa: S101 -- only lists have none
    return call.key


def _message(call: Call, caller: Caller, digest: str) -> str:
    """Return the commit message: what was called, and trailers that name the request."""
    lines = [
        f"{call.operation.name} {call.key}",
        "",
        f"{caller.person.name} called {call.operation.name} of the App Mesh API.",
        "",
        f"Request-Id: {caller.request_id}",
    ]
    if call.client_token is not None:
        lines.append(f"{CLIENT_TOKEN}: {call.client_token}")
    if caller.invocation_id is not None:
        lines.append(f"{INVOCATION}: {caller.invocation_id}")
    lines.append(f"{DIGEST}: {digest}")
    return "\n".join([*lines, "Via: api"]) + "\n"


def _users(graph: MeshGraph, key: ResourceKey) -> list[ResourceKey]:
    """Return the resources for which App Mesh refused to delete this one.

    A node's backend is none: it may name a service that does not exist.
    """
    if key.kind is Kind.MESH:
        return sorted(each for each in graph.resources if each.mesh == key.mesh and each != key)
    inside = (each for each in graph.resources if parent_of(each) == key)
    users = (
        each
        for each in graph.referrers(key)
        if not (key.kind is Kind.VIRTUAL_SERVICE and each.kind is Kind.VIRTUAL_NODE)
    )
    return sorted({*inside, *users})
