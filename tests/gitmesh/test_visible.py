"""Untrusted text cannot control a terminal, or hide or forge lines."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitmesh.cli.output import emit_json, emit_json_line, problem_text
from gitmesh.safe_text import visible, visible_json, visible_lines
from mesh.problems.problem import Problem

STEERING = (
    *map(chr, range(0x20)),
    *map(chr, range(0x7F, 0xA0)),
    *"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029",
)
ATTACK = "".join(STEERING)

words = st.text(st.characters() | st.sampled_from(STEERING))


@pytest.mark.parametrize("character", STEERING, ids=lambda c: f"U+{ord(c):04X}")
def test_a_character_that_steers_is_shown_by_its_number_or_its_usual_name(character: str) -> None:
    named = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
    width = (r"\x", "02x") if ord(character) < 0x100 else (r"\u", "04x")
    expected = named.get(character, f"{width[0]}{ord(character):{width[1]}}")
    assert visible(f"a{character}b") == f"a{expected}b"


@given(words)
def test_nothing_that_steers_is_left_and_nothing_else_is_changed(text: str) -> None:
    shown = visible(text)
    assert not set(shown) & set(STEERING)
    assert len(shown.splitlines()) <= 1
    assert all(unicodedata.category(character) != "Cc" for character in shown)
    if not set(text) & set(STEERING) and not any("\ud800" <= c <= "\udfff" for c in text):
        assert shown == text


def test_people_write_in_all_their_letters() -> None:
    text = "Żółć, 車 → “مرحبا” 👩‍💻 C:\\x"
    assert visible(text) == text


def test_lone_surrogates_which_no_output_can_encode_are_shown() -> None:
    assert visible("a\udc80").encode() == rb"a\udc80"


def test_lines_of_our_own_stay_lines() -> None:
    assert visible_lines("a\x1b\n  b\x9b") == "a\\x1b\n  b\\x9b"


@given(st.dictionaries(words, words), st.sampled_from([None, 2]))
def test_json_is_spelled_otherwise_but_says_the_same(value: object, indent: int | None) -> None:
    shown = visible_json(json.dumps(value, ensure_ascii=False, indent=indent))
    assert json.loads(shown) == value
    assert not set(shown) & (set(STEERING) - {"\n"})


def test_the_json_of_commands_is_exact_and_safe(capsys: pytest.CaptureFixture[str]) -> None:
    emit_json({"subject": ATTACK, "author": "Żółć"})
    whole = capsys.readouterr().out
    emit_json_line({"subject": ATTACK, "author": "Żółć"})
    line = capsys.readouterr().out
    for out in (whole, line):
        assert json.loads(out) == {"subject": ATTACK, "author": "Żółć"}
        assert not set(out) & (set(STEERING) - {"\n"})
        assert "Żółć" in out, "names stay readable"
    assert line.count("\n") == 1


def test_no_part_of_a_problem_steers() -> None:
    evil = "x\u202e\x1b[2J\x9b\nno problems: 0 errors"
    shown = problem_text(Problem(evil, 1, f"$.{evil}", "code", evil, hint=evil))
    ours = shown
    for style in ("\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m"):
        ours = ours.replace(style, "")
    assert len(shown.splitlines()) == 3
    assert not set(ours) & (set(STEERING) - {"\n"})
    assert shown.count(r"\u202e\x1b[2J\x9b\nno problems") == 4
