"""Parsing of bytes to documents: plain values with line numbers."""

import pytest
import yaml

from mesh.canonical import Json, JsonObject
from mesh.parsing.document import read_documents
from mesh.resource import Source, Steps


def body_of(text: str, path: str = "a.yaml") -> JsonObject:
    reading = read_documents(path, text.encode())
    assert reading.problems == ()
    (document,) = reading.documents
    return document.body


def problems_of(blob: bytes | str, path: str = "a.yaml") -> list[tuple[int, str]]:
    """Return line and code of each problem."""
    raw = blob.encode() if isinstance(blob, str) else blob
    return [(problem.line, problem.code) for problem in read_documents(path, raw).problems]


# Scalars


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("8080", 8080),
        ("-5", -5),
        ("+5", 5),
        ("0", 0),
        ("9223372036854775807", 2**63 - 1),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        *[
            (text, text)
            for text in (
                *("no", "yes", "on", "off", "y", "True", "FALSE", "Null", "010", "00", "0x1F"),
                *("0o17", "1_000", "12:30:45", "1.5", "1e3", ".5", "5.", "NaN", ".inf", "-.inf"),
                *("2026-01-01", "9223372036854775808", "1" * 5000, "\u0661", "${X}", "=", "<<"),
            )
        ],
        ('"8080"', "8080"),
        ("'true'", "true"),
        ('""', ""),
        ("|\n  a\n  b\n", "a\nb\n"),
    ],
)
def test_an_unquoted_scalar_is_a_number_or_a_word_only_when_it_must_be(
    text: str, value: Json
) -> None:
    body = body_of(f"a: {text}")
    assert body == {"a": value}
    assert type(body["a"]) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("1", 1), ("-0", 0), ("1.5", "1.5"), ("1e3", "1e3"), ("true", True), ("null", None)],
        ('"\\ud83d\\ude00"', "😀"),
        ('"\\/"', "/"),
        ("18446744073709551616", "18446744073709551616"),
    ],
)
def test_a_json_scalar_reads_as_the_same_in_yaml_would(text: str, value: Json) -> None:
    body = body_of(f'{{"a": {text}}}', "a.json")
    assert body == {"a": value}
    assert type(body["a"]) is type(value)


# Documents and their lines

LINED = """\
# a comment
kind: Route
spec:
  httpRoute:
    action:
      weightedTargets:
        - virtualNode: v1
          weight: 1
        -
          virtualNode: v2
    text: >
      folded
      text
  list: [1,
    {a: b}]
---
---
# only a comment
---
kind: Mesh
"""


@pytest.mark.parametrize(
    ("steps", "line"),
    [
        ((), 2),
        (("kind",), 2),
        (("spec",), 3),
        (("spec", "httpRoute", "action", "weightedTargets"), 6),
        (("spec", "httpRoute", "action", "weightedTargets", 0), 7),
        (("spec", "httpRoute", "action", "weightedTargets", 0, "weight"), 8),
        (("spec", "httpRoute", "action", "weightedTargets", 1), 10),
        (("spec", "httpRoute", "text"), 11),
        (("spec", "list", 1, "a"), 15),
        (("spec", "list", 9), 14),
        (("spec", "httpRoute", "missing", "deeper"), 4),
    ],
)
def test_every_part_of_a_yaml_document_knows_its_line(steps: Steps, line: int) -> None:
    first, second = read_documents("a.yaml", LINED.encode()).documents
    assert first.source.line(steps) == line
    assert second.source.line(()) == 20


def test_lines_survive_crlf_and_a_byte_order_mark() -> None:
    blob = b"\xef\xbb\xbf" + LINED.replace("\n", "\r\n").encode()
    first, second = read_documents("a.yaml", blob).documents
    assert first.source.line(("spec", "list")) == 14
    assert second.source.line(("kind",)) == 20


def test_every_part_of_a_json_document_knows_its_line() -> None:
    text = '\t\n{\t"a": [1,\r\n\t2, {"b":\n\n"c"}],\n"d": {}}\n'
    (document,) = read_documents("a.JSON", text.encode()).documents
    assert document.body == {"a": [1, 2, {"b": "c"}], "d": {}}
    expected = {(): 2, ("a",): 2, ("a", 0): 2, ("a", 1): 3, ("a", 2): 3, ("a", 2, "b"): 3}
    assert dict(document.source.lines) == {**expected, ("d",): 6}
    assert len(document.source.lines) == 7


def test_json_in_a_yaml_file_may_have_tabs_between_its_parts() -> None:
    assert body_of('{\n\t"a":\t[1,\t2]\n}') == {"a": [1, 2]}


def test_documents_before_a_syntax_error_are_read_with_their_lines() -> None:
    reading = read_documents("a.yaml", b"a: 1\n---\nb: [\n")
    (document,) = reading.documents
    assert (document.body, document.source.line(("a",))) == ({"a": 1}, 1)
    assert [(p.line, p.code) for p in reading.problems] == [(3, "syntax")]


@pytest.mark.parametrize("path", ["a.yaml", "a.json"])
@pytest.mark.parametrize("text", ["", "\n \n", "\ufeff"])
def test_a_file_without_documents_is_no_problem(path: str, text: str) -> None:
    reading = read_documents(path, text.encode())
    assert (reading.documents, reading.problems) == ((), ())


def test_sources_are_equal_wherever_the_lines_come_from() -> None:
    (document,) = read_documents("a.yaml", b"a: 1").documents
    assert document.source == Source("a.yaml")


# What is refused


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: &x 1\nb: *x\n", [(1, "alias"), (2, "alias")]),
        ("a: &x {}\n", [(1, "alias")]),
        ("a: 1\nb:\n  c: 2\n  c: 3\n", [(4, "duplicate-key")]),
        ("a: 1\n'a': 2\n", [(2, "duplicate-key")]),
        ("1: a\ntrue: b\n~: c\n", [(1, "key-not-text"), (2, "key-not-text"), (3, "key-not-text")]),
        ("? [a, b]\n: 1\n", [(1, "key-not-text")]),
        ("a: {{ .Values.x }}\n", [(1, "key-not-text")]),
        ("a: !!python/object/apply:os.system [x]\n", [(1, "tag")]),
        ("a: !!str 1\n", [(1, "tag")]),
        ("a: 1\nb: !Ref x\nc: !Sub y\n", [(2, "tag")]),
        ("a: !Ref x\n---\nb: !custom {}\n", [(1, "tag"), (3, "tag")]),
        ("a:\n\tb: 1\n", [(2, "tab")]),
        ("a:\n  b: 1\n \tc: 2\n", [(3, "tab")]),
        ("a: b: c\n", [(1, "syntax")]),
        ("a: 1\nb: @x\n", [(2, "syntax")]),
        ("a: 'b\nc: d\n", [(1, "syntax")]),
        ("a: 1\nb: {c: 1\nd: 2\n", [(2, "syntax")]),
        ("a:\n  - b\n c: d\n", [(3, "syntax")]),
        ("a: 1\n}\n", [(2, "syntax")]),
        ("a: 1\nb: é\x01\n", [(2, "syntax")]),
        ('a: 1\nb: "\\0"\n', [(2, "control-character")]),
        ('a: "\\ud800"\n', [(1, "syntax")]),
        ("- a\n", [(1, "not-an-object")]),
        ("just text\n", [(1, "not-an-object")]),
        ("a: 1\n---\n7\n", [(3, "not-an-object")]),
        ("%YAML 9.9\n---\na: 1\n", [(1, "syntax")]),
        ("a: 1\n<<<<<<< ours\nb: 1\n=======\nb: 2\n>>>>>>> theirs\n", [(2, "merge-conflict")]),
        (
            "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n",
            [(1, "lfs-pointer")],
        ),
    ],
)
def test_yaml_is_refused_where_it_is_wrong(text: str, found: list[tuple[int, str]]) -> None:
    assert problems_of(text) == found


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{\n"a": $X}', 2),
        ('{"a": 1,}', 1),
        ("[1,\n]", 2),
        ('{"a" 1}', 1),
        ('{"a":\n}', 2),
        ("{a: 1}", 1),
        ("{'a': 1}", 1),
        ('{"a": 01}', 1),
        ('{"a": +1}', 1),
        ('{"a": NaN}', 1),
        ('{"a": Infinity}', 1),
        ('{"a": "x\ny"}', 1),
        ('{"a": "\\x"}', 1),
        ('{"a": "\\ud800"}', 1),
        ('{"a": [1}\n', 1),
        ('{"a": 1}\n{"b": 2}', 2),
        ('{"a": 1', 1),
        ('{"a', 1),
        ("// no\n{}", 1),
        ("}", 1),
        ("{,}", 1),
        ('{"a": 1 "b": 2}', 1),
        ('{"a": 1}]', 1),
    ],
)
def test_what_is_not_json_is_refused_in_a_json_file(text: str, line: int) -> None:
    assert problems_of(text, "a.json") == [(line, "syntax")]


def test_a_jq_program_is_recognised() -> None:
    (problem,) = read_documents("a.json", b'{"a": $DNS_HOSTNAME}').problems
    assert "$DNS_HOSTNAME" in problem.message
    assert "jq" in problem.hint


def test_a_duplicate_key_in_json_names_both_lines() -> None:
    (problem,) = read_documents("a.json", b'{"a": {"b": 1},\n"c": 2,\n"a": {"b": 3}}').problems
    assert (problem.line, problem.code, problem.where) == (3, "duplicate-key", "$.a")
    assert "line 1" in problem.message
    assert "line 3" in problem.message


def test_a_document_with_a_duplicate_key_keeps_the_first_value_and_its_lines() -> None:
    reading = read_documents("a.yaml", b"a:\n  x: 1\nb: 2\na:\n  x: 3\n  y: 4\n")
    (document,) = reading.documents
    assert document.body == {"a": {"x": 1}, "b": 2}
    assert dict(document.source.lines) == {(): 1, ("a",): 1, ("a", "x"): 2, ("b",): 3}


def test_cloudformation_tags_point_to_import() -> None:
    (problem,) = read_documents("a.yaml", b"Name: !Sub a-${B}\nB: !Ref C").problems
    assert "gitmesh import" in problem.hint


def test_conflict_markers_inside_a_text_are_left_alone() -> None:
    assert body_of("a: |\n  <<<<<<< not at the start of a line >>>>>>>\n")


def test_a_nul_character_hides_in_no_json_text() -> None:
    assert problems_of('{"a":\n"\\u0000"}', "a.json") == [(2, "control-character")]


@pytest.mark.parametrize(
    ("blob", "found"),
    [
        (b"a: 1\nb: \xff\n", [(2, "not-text")]),
        ("a: é\n".encode("latin-1"), [(1, "not-text")]),
        ("a: 1\n".encode("utf-16"), [(1, "not-text")]),
        (b"\x7fELF\n\0\0", [(2, "not-text")]),
        (b"a: \xed\xa0\x80\n", [(1, "not-text")]),
        (b"#" * (1024 * 1024 + 1), [(0, "file-too-big")]),
    ],
)
def test_what_is_not_text_is_refused(blob: bytes, found: list[tuple[int, str]]) -> None:
    assert problems_of(blob) == found


# Without libyaml


@pytest.mark.parametrize(
    "text",
    [
        LINED,
        "a: &x [1]\nb: [*x, *x]\n",
        "[" * 500,
        "a: !Ref b\n",
        "a:\n\tb: 1\n",
        "a: b: c\n",
        "a: 1\nb: [1\n",
        "a: 'b\n",
        "a: 1\nb: \x01\n",
        "a: 1\na: 2\n",
        "a: @x\n",
    ],
    ids=range(11),
)
def test_the_parser_written_in_python_sees_the_same(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_libyaml = read_documents("a.yaml", text.encode())
    lines = [dict(document.source.lines) for document in with_libyaml.documents]
    monkeypatch.setattr("mesh.parsing.yaml_text._LOADER", yaml.SafeLoader)
    without = read_documents("a.yaml", text.encode())
    assert without.documents == with_libyaml.documents
    assert [dict(document.source.lines) for document in without.documents] == lines
    assert [(each.line, each.code) for each in without.problems] == [
        (each.line, each.code) for each in with_libyaml.problems
    ]
