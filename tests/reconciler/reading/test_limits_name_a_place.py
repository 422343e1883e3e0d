"""A source that exceeds a limit: the problem names a file or folder, from any base."""

import re
from pathlib import Path

import pytest

from reconciler import directory
from reconciler.directory import read_directory
from reconciler.reading import listing, reader, route_tests
from tests.reconciler.specs import read
from tests.support.git import Repo
from tests.support.meshes import a_mesh, a_node
from tests.support.sample_shop import sample_files
from tests.support.server import Server
from tests.support.specs import text

NODES = {f"nodes/{n}.yaml": text(a_node(f"n{n}", 80)) for n in range(9)}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path)


@pytest.mark.parametrize(
    ("bound", "most", "committed", "plain"),
    [
        ("MAX_BYTES", 1_000, "the folder nodes contains the most", "nodes/{n} exceeds the limit"),
        ("MAX_DOCUMENTS", 8, "the folder nodes contains the most", "nodes/{n} exceeds the limit"),
        ("MAX_ENTRIES", 9, "nodes/{n} is the first beyond", "nodes/{n} is the first beyond"),
    ],
)
def test_a_bound_that_all_specs_break_names_a_place(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, bound: str, most: int, committed: str, plain: str
) -> None:
    for module in (reader, listing, directory):
        if hasattr(module, bound):
            monkeypatch.setattr(module, bound, most)
    small = repo.commit({"m.yaml": text(a_mesh()), "nodes/0.yaml": NODES["nodes/0.yaml"]})
    large = repo.commit_and_push(NODES)
    whole = read(repo.origin, large)
    step = read(repo.origin, large, read(repo.origin, small))
    assert step.problems == whole.problems
    for words, tree in ((committed, whole), (plain, read_directory(repo.work))):
        [problem] = tree.problems
        assert problem.code == "tree-too-large"
        assert re.search(re.escape(words).replace(r"\{n\}", r"\d.yaml"), problem.message)
        assert str(problem).startswith("repository: error[tree-too-large]")


def test_too_many_route_tests_name_the_file_that_holds_the_most(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route_tests, "MAX_ROUTE_TESTS", 10)
    head = "kind: RouteTests\nfrom: mesh/shop/virtualNode/web\nhost: nobody\ntests:\n"
    one = "  - {request: GET /, expect: none}\n"
    repo.commit_and_push({"a-test.yaml": head + one * 3, "b-test.yaml": head + one * 9})
    [problem] = read(repo.origin).problems
    assert problem.message.endswith("the limit is 10; b-test.yaml contains the most, 9")


def test_a_server_logs_a_problem_of_the_whole_source_without_line_zero(repo: Repo) -> None:
    """A source of which no single file is at fault was told as ``:0:``."""
    repo.commit_and_push(sample_files())
    with Server(repo.origin) as server:
        server.wait_for("ready")
        tree = repo.tree_of([("100644", repo.blob(b""), f"f{n}.yaml") for n in range(10)])
        for _ in range(9):
            tree = repo.tree_of([("40000", tree, f"d{n}") for n in range(10)])
        repo.commit_tree(tree, repo.head())
        repo.push(ref="main")
        first = str(server.wait_for("commit rejected")["first"])
        path = "/".join(["d[0-9]"] * 9 + ["f[0-9].yaml"])
        assert re.match(r"repository: there are more than 50000 files and folders; ", first)
        assert re.search(rf"{path} is the first beyond the limit$", first)
