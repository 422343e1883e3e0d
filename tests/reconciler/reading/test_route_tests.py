# ruff: noqa: E501
"""Route tests of a source: run when a change may affect them, reported as problems, and rejecting the commit."""

import random
from collections.abc import Mapping

from events.state import MeshState
from events.types import CommitFacts, CommitId, CommitRejected, Signature
from mesh.problems.problem import Problem
from reconciler.plan import plan
from reconciler.reading.file import SpecFile, read_text
from reconciler.reading.listing import Entry, EntryKind
from reconciler.reading.source import ObjectId
from reconciler.reading.tree import EMPTY, SpecTree, advance

SHOP = """\
kind: Mesh
meshName: shop
---
{meshName: shop, virtualNodeName: web, spec: {backends: [{virtualService: {virtualServiceName: cart}}]}}
---
{meshName: shop, virtualNodeName: v1, spec: {listeners: [{portMapping: {port: 80, protocol: http}}], serviceDiscovery: {dns: {hostname: v1}}}}
---
{meshName: shop, virtualNodeName: v2, spec: {listeners: [{portMapping: {port: 80, protocol: http}}], serviceDiscovery: {dns: {hostname: v2}}}}
---
{meshName: shop, virtualServiceName: cart, spec: {provider: {virtualRouter: {virtualRouterName: cart}}}}
---
{meshName: shop, virtualRouterName: cart, spec: {listeners: [{portMapping: {port: 80, protocol: http}}]}}
"""

TESTS = """\
kind: RouteTests
from: mesh/shop/virtualNode/web
host: cart
tests:
  - request: GET /cart
    headers: {x-canary: "1"}
    expect: {node: v2}
  - name: shared out
    request: GET /cart
    expect: {shares: {v1: 90 %, v2: 10 %}}
  - request: GET http://nobody/
    expect: none
"""


def route(name: str, header: str, **weights: int) -> str:
    targets = ", ".join(f"{{virtualNode: {node}, weight: {w}}}" for node, w in weights.items())
    asked = f", headers: [{{name: {header}}}]" if header else ""
    return (
        f"meshName: shop\nvirtualRouterName: cart\nrouteName: {name}\n"
        f"spec: {{httpRoute: {{match: {{prefix: /{asked}}}, "
        f"action: {{weightedTargets: [{targets}]}}}}}}\n"
    )


def files(**texts: str | None) -> Mapping[str, SpecFile | None]:
    return {
        f"{name}.yaml": None
        if text is None
        else read_text(
            f"{name}.yaml", Entry(EntryKind.FILE, ObjectId(str(hash(text)))), text.encode()
        )
        for name, text in texts.items()
    }


def good() -> SpecTree:
    texts = {"canary": route("canary", "x-canary", v2=1), "rest": route("rest", "", v1=90, v2=10)}
    return advance(EMPTY, files(shop=SHOP, tests=TESTS, **texts))


def failed(tree: SpecTree) -> list[Problem]:
    return [problem for problem in tree.problems if problem.code == "route-test-failed"]


def test_tests_that_pass_say_nothing() -> None:
    assert good().problems == ()


def test_a_route_that_changes_fails_the_test_at_its_line_and_says_why() -> None:
    [problem] = failed(advance(good(), files(canary=route("canary", "x-canari", v2=1))))
    assert (problem.path, problem.line) == ("tests.yaml", 5)
    assert "expected v2, it goes to v1 90 %, v2 10 % by route rest (rest.yaml:1)" in problem.message
    assert problem.hint == (
        "canary (canary.yaml:1) does not take it: header x-canari is required, it has none"
    )


def test_shares_are_compared_and_the_test_is_named() -> None:
    [problem] = failed(advance(good(), files(rest=route("rest", "", v1=80, v2=20))))
    assert problem.line == 8
    assert problem.message.startswith("shared out: GET cart/cart from mesh/shop/virtualNode/web")


def test_a_commit_whose_tests_fail_is_refused_as_a_whole() -> None:
    tree = advance(good(), files(canary=None))
    nobody = Signature("", "", "")
    facts = CommitFacts(CommitId("0" * 40), "", (), nobody, nobody, "")
    [event] = plan(MeshState(), facts, tree)
    assert isinstance(event, CommitRejected)


def test_a_broken_mesh_is_not_asked() -> None:
    broken = advance(good(), files(rest=route("rest", "", v3=1)))
    assert [problem.code for problem in broken.problems] == ["dangling-reference"]


def test_a_test_of_nobody_fails() -> None:
    [problem, *_] = failed(advance(good(), files(tests=TESTS.replace("Node/web", "Node/wob"))))
    assert "there is no virtual node or gateway mesh/shop/virtualNode/wob" in problem.message


def test_any_way_to_the_same_files_fails_the_same_tests() -> None:
    choose = random.Random(1)
    choices: dict[str, tuple[str | None, ...]] = {
        "shop": (
            SHOP,
            "# lines move\n" + SHOP,
            SHOP.replace("80, protocol: http", "81, protocol: http"),
        ),
        "tests": (TESTS, None, TESTS.replace("90 %", "80 %")),
        "more": (None, TESTS),
        "canary": (None, route("canary", "x-canary", v2=1), route("canary", "", v1=1)),
        "rest": (route("rest", "", v1=90, v2=10), "# moved\n" + route("rest", "", v1=1)),
    }
    tree, now = EMPTY, dict.fromkeys(choices, "")
    seen = set()
    for _ in range(60):
        name = choose.choice(list(choices))
        text = choose.choice(choices[name])
        tree = advance(tree, files(**{name: text}))
        now[name] = text or ""
        whole = advance(EMPTY, files(**{k: v for k, v in now.items() if v}))
        assert tree.problems == whole.problems
        assert tree.failed == whole.failed
        seen.add(tree.problems)
    assert len(seen) > 10


def test_only_tests_that_may_be_affected_are_run_again() -> None:
    before = good()
    other = SHOP.partition("---")[0].replace("shop", "other")
    after = advance(before, files(other=other))
    assert after.failed["tests.yaml"] is before.failed["tests.yaml"]


def test_there_is_an_end_to_tests() -> None:
    one = "  - {request: GET /, expect: none}\n"
    many = TESTS.partition("  -")[0] + one * 900
    tree = advance(EMPTY, files(shop=SHOP, a=many, b=many))
    assert len(tree.failed) == 2
    too_many = TESTS.partition("  -")[0] + one * 1001
    [problem] = advance(EMPTY, files(a=too_many)).problems
    assert problem.code == "wrong-length"


def problems_of(text: str) -> list[tuple[str, int]]:
    return [(p.code, p.line) for p in advance(EMPTY, files(shop=SHOP, tests=text)).problems]


def test_a_document_that_is_wrong_says_where() -> None:
    assert problems_of(TESTS.replace("host: cart\n", "hosts: cart\n")) == [("unknown-field", 3)]
    assert problems_of(TESTS.replace('"1"', "1")) == [("wrong-type", 6)]
    assert problems_of(TESTS.replace('"1"', '["1", 2]')) == [("wrong-type", 6)]
    assert problems_of(TESTS.replace('"1"', "[]")) == [("wrong-length", 6)]
    assert problems_of(TESTS.replace("90 %", "lots")) == [("wrong-pattern", 10)]
    assert problems_of(TESTS.replace("expect: none", "expect: nothing")) == [("not-one-of", 12)]
    assert problems_of(TESTS.replace("GET /cart\n    headers", "cart\n    headers")) == [
        ("bad-route-test", 5)
    ]
    assert problems_of(TESTS.replace("virtualNode/web", "virtualRouter/cart")) == [
        ("bad-route-test", 2)
    ]
    assert problems_of(TESTS.replace("{node: v2}", "{}")) == [("exactly-one", 7)]
