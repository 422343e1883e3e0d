"""Translations in parts, so that what is equal for many proxies exists once."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import betterproto2

from xds.translate.resources import Resources
from xds.type_urls import SECRET, TypeUrl

Messages: TypeAlias = tuple[betterproto2.Message, ...]


class Part:
    """Resources of one proxy, or the same resources of many.

    The same part has the same resources, so their serialised form is cached by part.
    """

    __slots__ = ("__weakref__", "_make")

    def __init__(self, make: Callable[[], Resources]) -> None:
        """Create a part; ``make`` returns equal resources at each call."""
        self._make = make

    @classmethod
    def of(cls, resources: Resources) -> "Part":
        """Return a part with these resources, which it keeps in memory."""
        return cls(lambda: resources)

    def messages(self) -> Mapping[TypeUrl, Messages]:
        """Return the resources by type, each type sorted by name.

        Messages take many times more memory than their bytes, so they are not kept here.
        """
        return self._make().sorted()


class Combined(Mapping[TypeUrl, Messages]):
    """The resources of one proxy: those of all its parts, each type sorted by name.

    A secret that several parts use is listed once: secrets with one name are equal.
    """

    __slots__ = ("_merged", "parts")

    def __init__(self, *parts: Part) -> None:
        self.parts = parts
        self._merged: dict[TypeUrl, Messages] | None = None

    def __getitem__(self, type_url: TypeUrl) -> Messages:
        return self._messages()[type_url]

    def __iter__(self) -> Iterator[TypeUrl]:
        return iter(self._messages())

    def __len__(self) -> int:
        return len(self._messages())

    def _messages(self) -> dict[TypeUrl, Messages]:
        if self._merged is None:
            each = [part.messages() for part in self.parts]
            self._merged = {t: _joined(t, [messages[t] for messages in each]) for t in each[0]}
        return self._merged


def _joined(type_url: TypeUrl, parts: list[Messages]) -> Messages:
    messages = [message for part in parts for message in part]
    if type_url == SECRET:
        messages = [*{_name(message): message for message in messages}.values()]
    return tuple(sorted(messages, key=_name))


def _name(message: betterproto2.Message) -> str:
    name = getattr(message, "name", None)
    return str(getattr(message, "cluster_name", "") if name is None else name)
