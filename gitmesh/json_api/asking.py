"""Requests of the JSON API, as handlers receive them. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from events.store import EventReader
from gitmesh.access.caller import Caller
from gitmesh.json_api.errors import bad_request, not_found
from gitmesh.service.served import Served
from mesh.canonical import Json, JsonObject, as_object
from mesh.errors import UsageError
from mesh.keys import ResourceKey

_NUMBER: Final = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: its parameters and its caller."""

    served: Served
    caller: Caller
    name: str = ""
    """The variable end of the path, still encoded: the name of a resource, or a commit."""
    query: Mapping[str, str] = field(default_factory=dict)
    body: JsonObject = field(default_factory=dict)

    @property
    def log(self) -> EventReader:
        """The event log of the server."""
        return self.served.log

    @property
    def reads_all(self) -> bool:
        """True if the caller may read everything."""
        return self.caller.permission.reads_all

    def readable(self, name: str) -> ResourceKey:
        """Return a resource that the caller may read, whether or not it exists.

        :raises Refused: the name is invalid, or the caller may not read the resource.
        """
        try:
            key = ResourceKey.parse(name)
        except UsageError as error:
            raise bad_request(error.message, error.hint) from None
        if not self.caller.permission.may_read(key):
            raise absent(key)
        return key

    def number(self, name: str, default: int, most: int) -> int:
        """Return a numeric parameter.

        :raises Refused: the value is not a number from 1 to ``most``.
        """
        text = self.query.get(name)
        if text is None:
            return default
        if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= most:
            raise bad_request(f"{name} must be a number from 1 to {most}")
        return int(text)

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text field of the body.

        :raises Refused: the value is not a text, or is missing without a default.
        """
        found = self.body.get(name, default)
        if not isinstance(found, str):
            raise bad_request(f"{name} is missing" if found is None else f"{name} must be a text")
        return found

    def flag(self, name: str) -> bool:
        """Return a boolean field of the body; false if it is missing.

        :raises Refused: the value is not a boolean.
        """
        found = self.body.get(name, False)
        if not isinstance(found, bool):
            raise bad_request(f"{name} must be true or false")
        return found

    def list(self, name: str) -> list[Json]:
        """Return a list field of the body; an empty list if it is missing.

        :raises Refused: the value is not a list.
        """
        found = self.body.get(name, [])
        if not isinstance(found, list):
            raise bad_request(f"{name} must be a list")
        return found


def absent(key: ResourceKey) -> Exception:
    """Return the error for a resource that does not exist, or that the caller may not read."""
    return not_found(f"there is no {key}", "GET /gitmesh/v1/resources lists them")


def parsed_query(raw: str, allowed: frozenset[str]) -> dict[str, str]:
    """Return the parameters of a query.

    :raises Refused: a parameter is unknown or repeated.
    """
    try:
        pairs = parse_qsl(raw, keep_blank_values=True, max_num_fields=50, errors="strict")
    except ValueError:
        raise bad_request("the query is too long, or not UTF-8") from None
    found = dict(pairs)
    if unknown := sorted(found.keys() - allowed):
        known = ", ".join(sorted(allowed)) or "none"
        raise bad_request(f"unknown parameter {unknown[0]!r}", f"known here: {known}")
    if len(found) != len(pairs):
        raise bad_request("a parameter is given twice")
    return found


def parsed_body(body: bytes, allowed: frozenset[str]) -> JsonObject:
    """Return the members of a body; none if it is empty.

    :raises Refused: the body is not a JSON object, or has an unknown member.
    """
    if not body.strip():
        return {}
    try:
        found = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise bad_request("the body is not a JSON document") from None
    if not isinstance(found, dict):
        raise bad_request("the body is not a JSON object")
    if unknown := sorted(found.keys() - allowed):
        known = ", ".join(sorted(allowed)) or "none"
        raise bad_request(f"unknown member {unknown[0]!r}", f"known here: {known}")
    return as_object(found)


def _no_constant(text: str) -> None:
    raise ValueError(text)
