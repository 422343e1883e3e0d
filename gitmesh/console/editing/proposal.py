"""Proposed changes of resources as fields of a form: nothing of them is kept on the server. Pure.

So a review survives a restart of the server and an expired session, and its commit is exactly what
was reviewed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from gitmesh.console.forms.scalar import json_text, json_value
from gitmesh.language import Words
from gitmesh.service.changes.resource_change import Wanted
from mesh.canonical import Json, JsonObject
from mesh.errors import UsageError
from mesh.keys import ResourceKey
from mesh.reading.tags import Tags

MOST_CHANGES: Final = 100


@dataclass(frozen=True, slots=True)
class ProposedChange:
    """One resource that is to change."""

    key: ResourceKey
    spec: JsonObject | None = None
    """Its new spec; None if it is removed, or if ``text`` says what it becomes."""
    text: str | None = None
    """The new text of its document."""
    tags: Tags | None = None
    """Its new tags; None if they stay."""

    @property
    def removes(self) -> bool:
        """Return whether the resource is removed."""
        return self.spec is None and self.text is None


@dataclass(frozen=True, slots=True)
class Proposal:
    """Changes that are to become one commit."""

    changes: tuple[ProposedChange, ...]
    base: str
    """The commit that the changes were made on."""
    subject: str = ""
    """Subject of the commit message."""
    back: str = "/"
    """The page on which the changes were made."""
    new: tuple[str, ...] = field(default=())
    """Node ids of new proxies, whose bootstrap is shown afterwards."""

    @property
    def keys(self) -> tuple[ResourceKey, ...]:
        """Return the resources that change, in order."""
        return tuple(change.key for change in self.changes)

    def wanted(self) -> Wanted:
        """Return the changes as the service takes them."""
        specs = {each.key: each.spec for each in self.changes if each.text is None}
        texts = {each.key: each.text for each in self.changes if each.text is not None}
        tags = {each.key: _always(each.tags) for each in self.changes if each.tags is not None}
        return Wanted(specs, tags, texts)


def _always(tags: Tags) -> Callable[[Tags], Tags]:
    return lambda _: tags


def proposal_fields(proposal: Proposal) -> Iterator[tuple[str, str]]:
    """Yield the form fields of a proposal."""
    yield "base", proposal.base
    yield "subject", proposal.subject
    yield "back", proposal.back
    for node in proposal.new:
        yield "new", node
    for at, each in enumerate(proposal.changes):
        yield f"change.{at}.key", str(each.key)
        if each.text is not None:
            yield f"change.{at}.text", json_text(each.text)
        elif each.spec is not None:
            yield f"change.{at}.spec", json_text(each.spec)
        if each.tags is not None:
            yield f"change.{at}.tags", json_text(dict(each.tags))


def read_proposal(fields: Iterable[tuple[str, str]], words: Words) -> Proposal:
    """Return the proposal of form fields.

    :raises UsageError: there is none in them, or it names something that is no resource.
    """
    values, new = dict[str, str](), list[str]()
    for name, text in fields:
        values.setdefault(name, text)
        if name == "new":
            new.append(text)
    changes = list[ProposedChange]()
    for at in range(MOST_CHANGES):
        if (key := values.get(f"change.{at}.key")) is None:
            break
        changes.append(_change(ResourceKey.parse(key), values, f"change.{at}", words))
    if not changes:
        raise UsageError(words._("The form has no change."))
    return Proposal(
        tuple(changes),
        values.get("base", ""),
        values.get("subject", ""),
        values.get("back", "/"),
        tuple(new),
    )


def _change(key: ResourceKey, values: Mapping[str, str], name: str, words: Words) -> ProposedChange:
    text, spec = values.get(f"{name}.text"), values.get(f"{name}.spec")
    tags = json_value(values.get(f"{name}.tags", "null"))
    read_tags = {k: str(v) for k, v in tags.items()} if isinstance(tags, dict) else None
    if text is not None:
        return ProposedChange(key, text=str(json_value(text)), tags=read_tags)
    body: Json = None if spec is None else json_value(spec)
    if spec is not None and not isinstance(body, dict):
        raise UsageError(words._("The form has no spec of %(key)s.") % {"key": key})
    return ProposedChange(key, body if isinstance(body, dict) else None, tags=read_tags)
