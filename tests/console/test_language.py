"""Sentences of the log in the language of a visitor."""

import re

import pytest

from events.types import Event
from gitmesh.console.web.localisation import localised
from gitmesh.rendering.narration import narrate
from tests.gitmesh.rendering.test_narration import SENTENCES

CHINESE = localised("zh")


@pytest.mark.parametrize("event", [event for event, _ in SENTENCES])
def test_every_kind_of_event_has_a_chinese_sentence(event: Event) -> None:
    said = narrate(event, CHINESE)
    assert re.search("[\u4e00-\u9fff]", said) or said == getattr(event, "message", None)
    assert "{" not in said.replace(str(getattr(event, "message", "")), "")


@pytest.mark.parametrize("event", [event for event, _ in SENTENCES])
def test_the_english_console_says_what_the_command_line_says(event: Event) -> None:
    assert narrate(event, localised("en")) == narrate(event)
