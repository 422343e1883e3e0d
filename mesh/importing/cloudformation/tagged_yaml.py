"""YAML with CloudFormation's short forms: ``!Ref X`` is read as ``{Ref: X}``.

All limits of :mod:`mesh.parsing.yaml_text` hold here too; aliases and other tags are refused.
CloudFormation has no aliases either.
"""

import yaml

from mesh.parsing.value_builder import ValueBuilder
from mesh.parsing.yaml_text import CLOUDFORMATION_TAGS, YamlReader, push_events

_PLAIN_NAMES = {"!Ref": "Ref", "!Condition": "Condition"}
_SHORT_FORMS = {
    tag: _PLAIN_NAMES.get(tag, f"Fn::{tag[1:]}")
    for tag in (*CLOUDFORMATION_TAGS, "!Length", "!ToJsonString")
}


def read_tagged_yaml(text: str, builder: ValueBuilder) -> None:
    """Parse every document of the text; a short form becomes an object with one key."""
    push_events(text, builder, _TaggedReader(builder))


class _TaggedReader(YamlReader):
    """Parser that wraps each tagged value in an object."""

    def __init__(self, builder: ValueBuilder) -> None:
        super().__init__(builder)
        self._parts = builder
        self._wrapped: list[bool] = []

    def handle(self, event: yaml.Event) -> None:
        """Process one parser event."""
        name = _SHORT_FORMS.get(getattr(event, "tag", None) or "")
        if name is not None:
            line = event.start_mark.line + 1 if event.start_mark else 0
            self._parts.open_object(line)
            self._parts.scalar(name, line)
            event.tag = None  # type: ignore[attr-defined]
        if isinstance(event, yaml.CollectionStartEvent):
            self._wrapped.append(name is not None)
        super().handle(event)
        ended = isinstance(event, yaml.CollectionEndEvent) and self._wrapped.pop()
        if ended or (name is not None and isinstance(event, yaml.ScalarEvent)):
            self._parts.close()
