"""Staging of API calls with the header ``x-gitmesh-change``: they are added to a change set, and
answered as if executed."""

import time
import uuid
from collections.abc import Callable
from dataclasses import replace

from events.store import EventReader
from gitmesh.access.caller import Caller
from gitmesh.access.recent_signatures import RecentSignatures
from gitmesh.api.answers import Account, Answer, resource
from gitmesh.api.calls import CHANGE_HEADER, Call
from gitmesh.api.errors import conflict, forbidden, limit_exceeded
from gitmesh.api.operations import Action
from gitmesh.api.recent_calls import digest_of
from gitmesh.api.writes import absent, require_fresh, wanted
from gitmesh.service.changes.change_set import (
    ChangeSet,
    ChangesNoMore,
    Effect,
    StagedCall,
    applied,
    merged,
)
from gitmesh.service.changes.change_set_files import ChangeSetFiles, TooManyStaged
from gitmesh.service.resources.change import ResourceChanges
from gitmesh.service.resources.description import Description, describe
from gitmesh.service.resources.tags import ServedTags
from mesh.canonical import canonical
from mesh.keys import ResourceKey

_EFFECTS = {
    Action.CREATE: Effect.CREATE,
    Action.UPDATE: Effect.UPDATE,
    Action.DELETE: Effect.DELETE,
    Action.TAG: Effect.TAG,
    Action.UNTAG: Effect.UNTAG,
}


class Staging:
    """The change sets of one log, for calls of the API. Methods block."""

    def __init__(
        self,
        files: ChangeSetFiles,
        log: EventReader,
        changes: ResourceChanges,
        tags: ServedTags,
        account: Callable[[], Account],
        signatures: RecentSignatures,
    ) -> None:
        self._files = files
        self._log = log
        self._changes = changes
        self._tags = tags
        self._account = account
        self._signatures = signatures

    def stage(self, call: Call, key: ResourceKey, caller: Caller) -> Answer:
        """Add a write call to its change set.

        :raises ApiError: the call is refused; nothing was added.
        """
        name = call.change or ""
        with self._files.lock():
            found = self._of(name, caller) or ChangeSet(name, caller.identity, caller.person)
            new = _staged(call, key, caller)
            if not _is_repeated(found, new):
                require_fresh(self._signatures, caller)
                found = self._with(found, new, call, caller)
        return self._answer(found, call, key)

    def described(self, call: Call, key: ResourceKey, caller: Caller) -> Description | None:
        """Return a resource with the changes of a change set; None if the set does not change it.

        :raises ApiError: the change set deletes the resource.
        """
        found = self._of(call.change or "", caller)
        specs = merged(found.calls).specs if found is not None else {}
        if found is None or key not in specs:
            return None
        if specs[key] is None:
            raise absent(key, self._account())
        return self._description(found, key)

    def exists(self, call: Call, key: ResourceKey, caller: Caller) -> bool:
        """Return whether a resource exists, including staged changes."""
        found = self._of(call.change or "", caller)
        specs = merged(found.calls).specs if found is not None else {}
        if key in specs:
            return specs[key] is not None
        return describe(self._log, key) is not None

    def _of(self, name: str, caller: Caller) -> ChangeSet | None:
        found = self._files.find(name)
        if found is not None and found.identity != caller.identity:
            raise forbidden(f"the change {name} was begun by somebody else")
        return found

    def _with(self, found: ChangeSet, new: StagedCall, call: Call, caller: Caller) -> ChangeSet:
        try:
            now = applied(found, self._changes.present())
            planned = wanted(call, new.key, now, self._account(), caller.permission)
            staged_tags = merged(found.calls).tags.get(new.key, dict)
            for change in planned.tags.values():  # checks how many tags there would be
                change(staged_tags(self._tags.of(new.key) or {}))
            after = replace(found, calls=(*found.calls, new))
            self._files.write(after)
        except ChangesNoMore as error:
            raise conflict(f"{error.message} ({error.hint})") from None
        except TooManyStaged as error:
            raise limit_exceeded(f"{error.message} ({error.hint})") from None
        return after

    def _answer(self, found: ChangeSet, call: Call, key: ResourceKey) -> Answer:
        told = {CHANGE_HEADER: found.name}
        if call.arn is not None:
            return Answer(200, {}, told)
        gone = call.operation.action is Action.DELETE
        about = self._description(found, key)
        return Answer(200, resource(about, self._account(), "DELETED" if gone else "ACTIVE"), told)

    def _description(self, found: ChangeSet, key: ResourceKey) -> Description:
        """Return a resource with the metadata that it would have if the change set were committed
        now."""
        now, before = time.time(), describe(self._log, key)
        specs = [each.spec for each in found.calls if each.key == key and each.spec is not None]
        if before is None:
            uid = uuid.uuid5(uuid.NAMESPACE_URL, f"{found.name} {key}")
            return Description(key, specs[-1] if specs else {}, 1, str(uid), now, now)
        if not specs or canonical(specs[-1]) == canonical(before.spec):
            return before
        later = max(now, before.updated_at)
        return replace(before, spec=specs[-1], version=before.version + 1, updated_at=later)


def _staged(call: Call, key: ResourceKey, caller: Caller) -> StagedCall:
    ids = frozenset(filter(None, (call.client_token, caller.invocation_id)))
    return StagedCall(
        _EFFECTS[call.operation.action],
        key,
        call.spec,
        call.tags,
        call.tag_keys,
        caller.request_id,
        ids,
        digest_of(call),
    )


def _is_repeated(found: ChangeSet, new: StagedCall) -> bool:
    """Return whether a call is staged already, because its answer may have been lost.

    :raises ApiError: the call's client token was used with other parameters.
    """
    same = [each for each in found.calls if each.ids & new.ids]
    if any(each.digest != new.digest for each in same):
        raise conflict("this clientToken was used before, with other parameters")
    return bool(same)
