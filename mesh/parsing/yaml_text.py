"""YAML parser: pushes its events into a :class:`~mesh.parsing.value_builder.ValueBuilder`.

YAML features with surprising effects are refused: aliases and anchors, tags, keys that are not
text. The parser uses events instead of nodes, because composing nodes recurses, and a hostile file
could exhaust the stack.
"""

from dataclasses import dataclass
from typing import Final

import yaml
from yaml.reader import ReaderError

from mesh.parsing.scalars import resolve
from mesh.parsing.value_builder import GiveUp, ValueBuilder

# Use libyaml if PyYAML was built with it (30 times faster), else PyYAML's own parser.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

CLOUDFORMATION_TAGS: Final = frozenset(
    f"!{name}"
    for name in (
        *("And", "Base64", "Cidr", "Condition", "Equals", "FindInMap", "GetAtt", "GetAZs", "If"),
        *("ImportValue", "Join", "Not", "Or", "Ref", "Select", "Split", "Sub", "Transform"),
    )
)

_TEMPLATE_SECTIONS: Final = frozenset(
    ("Conditions", "Mappings", "Metadata", "Outputs", "Resources", "Rules", "Transform")
)
TEMPLATE: Final = (
    "a CloudFormation template is not a spec: its values depend on parameters and stacks",
    "convert templates with gitmesh import, which writes native documents",
)
"""Message and hint for a CloudFormation template."""


@dataclass(frozen=True, slots=True)
class _Slip:
    """A common mistake: the parser's message for it, and gitmesh's message."""

    words: str
    message: str
    hint: str = ""
    code: str = "syntax"


_TAB: Final = _Slip("", "a tab cannot indent YAML", "indent with spaces", "tab")
_NOT_YAML: Final = _Slip(
    "",
    "this is not valid YAML",
    "check quotes, brackets and indentation, here and in the line above",
)
_QUOTED: Final = "while scanning a quoted scalar"
_OPEN_QUOTE: Final = _Slip(_QUOTED, "a quote is not closed", "close it")
_UNFIT: Final = "this line fits neither the object nor the list above it"
_SLIPS: Final = (
    _Slip(
        "cannot start any token",
        "a value cannot begin with this character",
        "put the value in quotes",
    ),
    _Slip(
        "mapping values are not allowed",
        'a ":" is in a position where no key is allowed',
        "check the indentation, or put a value that contains a colon in quotes",
    ),
    _Slip(
        "did not find expected key",
        _UNFIT,
        "check the indentation, and that every quote is closed",
    ),
    _Slip(
        "did not find expected '-' indicator",
        _UNFIT,
        'check the indentation: items of one list begin with "-" in the same column',
    ),
    _Slip("could not find expected ':'", 'a key without ":"', "write key: value"),
    _Slip("did not find expected ',' or", "a bracket is not closed", "close it or add a comma"),
    _Slip(
        "did not find expected node content",
        "a value is missing, or a bracket is not closed",
        "write the value, or close the bracket",
    ),
    _OPEN_QUOTE,
    _Slip(
        "unknown escape character",
        "a backslash in double quotes begins an escape, and this is none",
        "write two backslashes, or put the value in single quotes",
    ),
    _Slip("did not find expected <document start>", "text after the end of a document"),
    _Slip("control characters are not allowed", "a control character in the text", "remove it"),
    # libyaml has its own limit on nesting, which is reached first by empty brackets.
    _Slip(
        "maximum nesting",
        "objects and lists are nested too deep",
        "no App Mesh resource needs this",
        "too-deep",
    ),
)


def read_yaml(text: str, builder: ValueBuilder) -> None:
    """Push every document of the text; a syntax error ends the reading and is a problem."""
    push_events(text, builder, YamlReader(builder))


def push_events(text: str, builder: ValueBuilder, reader: "YamlReader") -> None:
    """Hand every event of the text to the reader; a syntax error ends it and is a problem."""
    try:
        for event in yaml.parse(text, _LOADER):
            reader.handle(event)
    except GiveUp:
        return
    except yaml.YAMLError as error:
        _syntax_problem(error, text, builder)


class YamlReader:
    """Converts parser events to parts; reports each refused feature once per document."""

    def __init__(self, builder: ValueBuilder) -> None:
        self._builder = builder
        self._tagged = False

    def handle(self, event: yaml.Event) -> None:
        """Push the part that the event begins or ends."""
        # This runs often: half of all events are scalars, a million for ten thousand files.
        if type(event) is yaml.ScalarEvent:
            self._scalar(event)
        elif type(event) is yaml.MappingStartEvent:
            self._builder.open_object(self._start(event))
        elif type(event) is yaml.SequenceStartEvent:
            self._builder.open_list(self._start(event))
        elif isinstance(event, yaml.CollectionEndEvent):
            self._builder.close()
        elif type(event) is yaml.AliasEvent:
            self._alias(event)
        elif type(event) is yaml.DocumentEndEvent:
            self._tagged = False
            self._builder.end_document()

    def _start(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> int:
        line = _line(event)
        if event.tag is not None or event.anchor is not None:
            self._refuse_extras(event.tag, event.anchor, line)
        return line

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        text: str = event.value
        mark = event.start_mark
        line = mark.line + 1 if mark else 0
        if event.tag is not None or event.anchor is not None:
            self._refuse_extras(event.tag, event.anchor, line)
        # implicit[0]: neither quoted nor tagged, so the type follows from the text.
        if event.implicit[0]:
            self._builder.scalar(resolve(text), line)
            return
        if "\0" in text:
            self._builder.spoil(line, "control-character", "the text contains a NUL character")
        self._builder.scalar(text, line)

    def _alias(self, event: yaml.AliasEvent) -> None:
        line = _line(event)
        self._builder.spoil(
            line,
            "alias",
            f"the alias *{event.anchor} refers to another part of the file; specs must not use "
            "aliases",
            "write the value out: a diff of a route should show the route",
        )
        self._builder.scalar("", line)

    def _refuse_extras(self, tag: str | None, anchor: str | None, line: int) -> None:
        if anchor is not None:
            # The value itself is still checked; only the anchor is wrong.
            self._builder.spoil(
                line,
                "alias",
                f"the anchor &{anchor} names a value for aliases; specs must not use anchors",
                "remove the anchor",
                value=False,
            )
        if tag is None or self._tagged:
            return
        self._tagged = True
        if tag in CLOUDFORMATION_TAGS and self._builder.section() in _TEMPLATE_SECTIONS:
            self._builder.spoil(line, "cloudformation-form", *TEMPLATE)
            return
        if tag in CLOUDFORMATION_TAGS:
            hint = "convert CloudFormation templates with gitmesh import"
        else:
            hint = "remove the tag; put a value in quotes to make it text"
        self._builder.spoil(
            line, "tag", f"the tag {tag} gives a value a type; specs must not use tags", hint
        )


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


def _syntax_problem(error: yaml.YAMLError, text: str, builder: ValueBuilder) -> None:
    if isinstance(error, yaml.MarkedYAMLError) and (opened := _quote_that_swallows(error, text)):
        first, last = opened
        message = f"the quote that opens here is not closed before the next one, in line {last}"
        builder.break_off(first, "syntax", message, "close it where its value ends")
        return
    line, words = _place_and_words(error, text)
    # An unexpected end is reported on the last line that is not empty.
    line = min(line, text.rstrip().count("\n") + 1)
    if _indented_with_tab(text, line):
        slip = _TAB
    else:
        slip = next((slip for slip in _SLIPS if slip.words in words), _NOT_YAML)
    builder.break_off(line, slip.code, f"{slip.message} (the parser says: {words})", slip.hint)


def _quote_that_swallows(error: yaml.MarkedYAMLError, text: str) -> tuple[int, int] | None:
    """Return the lines of the quoted value before an error, if the value spans several lines.

    Such a value usually lacks its closing quote, and ends at the opening quote of another value.
    """
    last: yaml.Event | None = None
    try:
        for event in yaml.parse(text, _LOADER):
            last = event
    except yaml.YAMLError:
        pass
    if not isinstance(last, yaml.ScalarEvent) or last.style not in ("'", '"'):
        return None
    begin, end, problem = last.start_mark, last.end_mark, error.problem_mark
    if begin is None or end is None or problem is None:
        return None
    swallows = begin.line < end.line == problem.line
    return (begin.line + 1, end.line + 1) if swallows else None


def _place_and_words(error: yaml.YAMLError, text: str) -> tuple[int, str]:
    if isinstance(error, yaml.MarkedYAMLError):
        words = " ".join(word for word in (error.context, error.problem) if word)
        # An unclosed bracket is noticed at the end, but has to be corrected where it begins.
        begins = _QUOTED in words or "did not find expected ',' or" in words
        mark = (error.context_mark if begins else None) or error.problem_mark
        return (mark.line + 1 if mark else 0), words
    if isinstance(error, ReaderError):
        # The position counts bytes in libyaml and characters in PyYAML. They differ if the text is
        # not ASCII, so search for the character itself.
        character = error.character if isinstance(error.character, int) else ord(error.character)
        place = text.find(chr(character))
        return text.count("\n", 0, max(place, 0)) + 1, f"{error.reason}, U+{character:04X}"
    return 0, str(error)


def _indented_with_tab(text: str, line: int) -> bool:
    lines = text.split("\n", line)
    bad = lines[line - 1] if 0 < line <= len(lines) else ""
    return "\t" in bad[: len(bad) - len(bad.lstrip())]
