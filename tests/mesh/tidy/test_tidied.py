"""Formatting of specs: one layout, comments and content kept, idempotent."""

import json
from collections import Counter
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh.parsing.document import read_documents
from mesh.reading.native import native_document
from mesh.resource import Resource
from mesh.tidy import document_text, tidied
from tests.support.spec_strategies import resources

ROOT = Path(__file__).parents[3]

UNTIDY = """

# above all

# still above all
spec:   # the spec

  # about listeners
  listeners:
  - portMapping: {protocol: http, port: 8080} # port
    # behind the first listener


  # second listener
  - # behind a dash
    timeout: {http: {idle: {unit: s, value: 1}, # in brackets
       perRequest: {value: 2}}} # behind brackets
    portMapping:
      # protocol
      protocol: http
      port: 80
  # behind the listeners
  logging:
    accessLog:
      file:
        path: '/dev/stdout'
        format:
          text: | # block
            # no comment
            a %b%

            c
  # behind the spec
virtualNodeName: "web"   # name

# mesh
meshName: 'no'
kind: VirtualNode
# at the end
--- # second
# mesh document
kind: Mesh
meshName: x
---
# nothing but this
"""

TIDY = """\
# above all

# still above all
kind: VirtualNode

# mesh
meshName: "no"
virtualNodeName: web # name
spec: # the spec
  # about listeners
  listeners:
    - portMapping: {port: 8080, protocol: http} # port
      # behind the first listener

    # second listener
    # behind a dash
    - portMapping:
        port: 80
        # protocol
        protocol: http
      timeout: # behind brackets
        http:
          perRequest: {value: 2}
          idle: {value: 1, unit: s} # in brackets
  # behind the listeners
  logging:
    accessLog:
      file:
        path: /dev/stdout
        format:
          text: | # block
            # no comment
            a %b%

            c
  # behind the spec
# at the end
---
# second
# mesh document
kind: Mesh
meshName: x
# nothing but this
"""


def tidy(text: str, path: str = "x.yaml") -> str:
    found = tidied(path, text.encode())
    assert found.text is not None, (found.reason, found.problems)
    return found.text


def test_comments_move_with_what_they_speak_about() -> None:
    assert tidy(UNTIDY) == TIDY


def test_what_is_tidy_stays_as_it_is() -> None:
    assert tidy(TIDY) == TIDY


def test_line_ends_of_other_systems_become_plain() -> None:
    assert tidy(UNTIDY.replace("\n", "\r\n")) == TIDY
    assert tidy("\ufeff" + UNTIDY) == TIDY


def test_the_sample_shop_is_tidy() -> None:
    files = sorted((ROOT / "sample-repo").rglob("*.yaml"))
    untidy = [
        str(path)
        for path in files
        if (found := tidied(path.name, path.read_bytes())).text is not None
        and found.text != path.read_text()
    ]
    assert len(files) > 10
    assert untidy == []


def test_brackets_too_long_for_a_line_are_opened() -> None:
    many = ", ".join(f"{{virtualNode: node-number-{i}, weight: 1}}" for i in range(4))
    text = tidy(f"{{meshName: a, virtualRouterName: b, routeName: c, spec: {{w: [{many}]}}}}")
    assert "  w:\n    - {virtualNode: node-number-0, weight: 1}\n" in text


def test_json_keeps_its_form_and_gets_the_order() -> None:
    text = tidy('{"spec": {}, "meshName": "é"}', "x.json")
    assert text == '{\n  "meshName": "é",\n  "spec": {}\n}\n'


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("a: *x", {"alias"}),
        ("kind: Mesh\nkind: Mesh", {"duplicate-key"}),
        ("kind: [", {"syntax"}),
        ("a: !Ref x", {"tag"}),
    ],
)
def test_what_cannot_be_read_is_a_problem_and_not_rewritten(text: str, codes: set[str]) -> None:
    found = tidied("x.yaml", text.encode())
    assert found.text is None
    assert {problem.code for problem in found.problems} == codes


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: appmesh.k8s.aws/v1beta2\nkind: Mesh",
        "Resources: {}",
        "# nothing",
        "",
        "%YAML 1.1\n---\nkind: Mesh\nmeshName: a\n",
    ],
)
def test_what_is_none_of_ours_is_left_alone(text: str) -> None:
    found = tidied("x.yaml", text.encode())
    assert found.text is None
    assert found.reason
    assert found.problems == ()


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(resources(), st.booleans(), st.integers(20, 120))
def test_meaning_is_kept_and_twice_is_once(resource: Resource, flow: bool, width: int) -> None:
    document = native_document(resource)
    written = yaml.safe_dump(
        document, default_flow_style=flow, width=width, sort_keys=True, allow_unicode=True
    )
    before = read_documents("x.yaml", written.encode())
    found = tidied("x.yaml", written.encode())
    if before.problems:  # texts PyYAML writes with tags or the like
        return
    assert found.text is not None
    after = read_documents("x.yaml", found.text.encode())
    assert [d.body for d in after.documents] == [d.body for d in before.documents]
    assert tidy(found.text) == found.text


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(resources(), st.data())
def test_every_comment_is_kept_wherever_it_stands(resource: Resource, data: st.DataObject) -> None:
    written = document_text(native_document(resource))
    lines: list[str] = []
    for number, line in enumerate(written.splitlines()):
        if "|" in line:  # below a block text, a comment would be text
            return
        for each in range(data.draw(st.integers(0, 2))):
            column = data.draw(st.integers(0, 12))
            lines += [
                " " * column + f"# above {number} {each}",
                *[""] * data.draw(st.integers(0, 2)),
            ]
        beside = f" # beside {number}" if data.draw(st.booleans()) else ""
        lines.append(line + beside)
    text = "\n".join([*lines, "# end"])
    once = tidy(text)
    assert comments(once) == comments(text)
    assert tidy(once) == once


def comments(text: str) -> Counter[str]:
    words = ("# above", "# beside", "# end")
    return Counter(
        line[line.index(word) :].strip()
        for line in text.splitlines()
        for word in words
        if word in line
    )


@settings(max_examples=80, deadline=None)
@given(st.text("abk: -#{}[],\n\t'\"|>&*!%@`?~\\é\u0085\u2028\ufeff", max_size=60))
def test_no_text_makes_it_fail_or_lie(text: str) -> None:
    found = tidied("x.yaml", ("kind: Mesh\nmeshName: a\n" + text).encode())
    if found.text is not None:
        assert tidy(found.text) == found.text


def test_canonical_documents_read_as_themselves() -> None:
    body = {"kind": "Mesh", "meshName": "a: b", "spec": {"x": ["no", "1", 1, True, None, {}, []]}}
    text = document_text(json.loads(json.dumps(body)))
    assert [d.body for d in read_documents("x.yaml", text.encode()).documents] == [body]
    assert yaml.safe_load(text) == body
