"""Answers of the App Mesh API: resources and pages as its clients expect them. Pure."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gitmesh.api.errors import ApiError, bad_request
from gitmesh.api.operations import plural
from gitmesh.service.resources.description import Description, Page
from mesh.canonical import JsonObject
from mesh.keys import Kind, ResourceKey
from mesh.reading.tags import Tags, written_tags

COMMIT_HEADER: Final = "x-gitmesh-commit"
"""Names the commit that a call made."""
NO_ACCOUNT: Final = "000000000000"
_MARK: Final = 12
"""Length of a page token's authentication code, which proves that gitmesh wrote the token."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer before it is sent."""

    status: int
    body: Mapping[str, object]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Account:
    """The AWS account and region in ARNs."""

    number: str = NO_ACCOUNT
    region: str = "us-east-1"

    def arn(self, key: ResourceKey) -> str:
        """Return the ARN of a resource; names are not URL-encoded, as in AWS's ARNs."""
        parts = ["mesh", key.mesh]
        if key.parent:
            parts += [key.kind.within, key.parent]
        if key.kind is not Kind.MESH:
            parts += [key.kind.segment, key.name]
        return f"arn:aws:appmesh:{self.region}:{self.number}:{'/'.join(parts)}"


def resource(found: Description, account: Account, status: str = "ACTIVE") -> dict[str, object]:
    """Return the answer with a resource: its names, spec, metadata and status."""
    return {
        **_names(found.key),
        "spec": found.spec,
        "metadata": {
            "arn": account.arn(found.key),
            "createdAt": found.created_at,
            "lastUpdatedAt": found.updated_at,
            "meshOwner": account.number,
            "resourceOwner": account.number,
            "uid": found.uid,
            "version": found.version,
        },
        "status": {"status": status},
    }


def page(kind: Kind, found: Page, account: Account, token: str | None) -> dict[str, object]:
    """Return a page of a list; ``token`` requests the next page."""
    body: dict[str, object] = {plural(kind): [_item(each, account) for each in found.items]}
    return body if token is None else {**body, "nextToken": token}


def page_of_tags(tags: Tags, token: str | None) -> dict[str, object]:
    """Return a page of tags; ``token`` requests the next page."""
    body: dict[str, object] = {"tags": written_tags(tags)}
    return body if token is None else {**body, "nextToken": token}


def error(failed: ApiError) -> Answer:
    """Return the answer for an error."""
    headers = {"x-amzn-ErrorType": failed.code}
    if failed.retry_after_s is not None:
        headers["Retry-After"] = str(failed.retry_after_s)
    return Answer(failed.status, {"message": failed.message}, headers)


class PageTokens:
    """Page tokens of one log: opaque, valid after a restart and for every server of the log."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def token(self, collection: str, last: str) -> str:
        """Return the token that requests the page after the key ``last``."""
        text = json.dumps([collection, last]).encode()
        return base64.urlsafe_b64encode(self._mark(text) + text).decode()

    def after(self, token: str, collection: str) -> str:
        """Return the key after which the next page begins.

        :raises ApiError: the token was not made by gitmesh, or for another list.
        """
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise _bad_token() from None
        mark, text = raw[:_MARK], raw[_MARK:]
        if not hmac.compare_digest(mark, self._mark(text)):
            raise _bad_token()
        made_for, last = json.loads(text)
        if made_for != collection:
            raise _bad_token()
        return str(last)

    def _mark(self, text: bytes) -> bytes:
        return hmac.new(self._secret, text, hashlib.sha256).digest()[:_MARK]


def _bad_token() -> ApiError:
    return bad_request("nextToken is not one that this list returned")


def _item(found: Description, account: Account) -> dict[str, object]:
    return {
        **_names(found.key),
        "arn": account.arn(found.key),
        "createdAt": found.created_at,
        "lastUpdatedAt": found.updated_at,
        "meshOwner": account.number,
        "resourceOwner": account.number,
        "version": found.version,
    }


def _names(key: ResourceKey) -> JsonObject:
    names: JsonObject = {"meshName": key.mesh}
    if key.parent:
        names[f"{key.kind.within}Name"] = key.parent
    if key.kind is not Kind.MESH:
        names[key.kind.name_field] = key.name
    return names
