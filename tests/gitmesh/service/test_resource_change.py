"""Resources changed as one commit: in their documents, or in files of their own."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from events.encoding.codec import encode
from gitmesh.demo.sample import shares
from gitmesh.service.changes.difference import difference
from gitmesh.service.changes.planned_commit import Authorship, PlannedCommit, commit
from gitmesh.service.changes.resource_change import SpecChanges, change_resources
from mesh.canonical import JsonObject
from mesh.errors import UsageError
from mesh.keys import ResourceKey
from mesh.resource import spec_json
from reconciler.git.repository import GitRepository
from reconciler.git.writing import BranchMoved, Person
from reconciler.reading.reader import TreeReader
from tests.support.git import Repo, git, put
from tests.support.sample_shop import sample_files

ROUTE = ResourceKey.parse("mesh/shop/virtualRouter/cart/route/all")
MORE = ResourceKey.parse("mesh/shop/virtualNode/more")
ADA = Authorship(Person("Ada", "ada@shop.example"), Person("gitmesh", "gitmesh@shop.example"))
SPEC: JsonObject = {
    "listeners": [{"portMapping": {"port": 80, "protocol": "http"}}],
    "serviceDiscovery": {"dns": {"hostname": "more.local"}},
}


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    bare = Repo(tmp_path).origin
    put(bare, sample_files())
    return bare


def plan(bare: Path, specs: SpecChanges) -> tuple[GitRepository, PlannedCommit]:
    repo = GitRepository.open(bare)
    return repo, change_resources(repo, repo.tip(), specs)


def make(bare: Path, specs: SpecChanges) -> str:
    repo, planned = plan(bare, specs)
    assert planned.errors == []
    return commit(repo, None, planned, "Change\n", ADA, command="test")


def shifted(bare: Path) -> JsonObject:
    """Return the route's spec with another weight, as an API client would send it."""
    other = put(bare, sample_files(shares(10)), minute=1)
    repo = GitRepository.open(bare)
    found = TreeReader(repo).read(repo.tree_of(repo.resolve(other))).tree.graph.resources[ROUTE]
    put(bare, sample_files(), minute=2)
    return spec_json(found.spec)


def test_a_spec_changes_in_its_document_and_nothing_else_does(bare: Path) -> None:
    spec = shifted(bare)
    tip = git(bare, "rev-parse", "main")
    made = make(bare, {ROUTE: spec})
    assert git(bare, "rev-parse", "main") == made
    assert git(bare, "rev-parse", "main^") == tip
    assert git(bare, "log", "-1", "--format=%an %cn", "main") == "Ada gitmesh"
    assert git(bare, "diff", "--name-only", tip, made) == "shop/cart/routes.yaml"
    changed = git(bare, "diff", "-U0", tip, made).splitlines()
    lines = [line for line in changed if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert len(lines) == 4, lines  # two weights, each before and after: comments and order stay


def test_a_plan_tells_what_it_would_change(bare: Path) -> None:
    spec = shifted(bare)
    tip = git(bare, "rev-parse", "main")
    _, planned = plan(bare, {ROUTE: spec})
    found = difference(planned.before, planned.after.graph)
    assert [encode(change).subject for change in found.changes] == [str(ROUTE)]
    assert found.radius.services
    assert git(bare, "rev-parse", "main") == tip


def test_the_same_spec_is_no_change(bare: Path) -> None:
    spec = shifted(bare)
    make(bare, {ROUTE: spec})
    _, planned = plan(bare, {ROUTE: spec})
    assert planned.unchanged


def test_new_resources_get_files_and_removed_ones_leave_none(bare: Path) -> None:
    tip = git(bare, "rev-parse", "main")
    made = make(bare, {MORE: SPEC})
    assert git(bare, "diff", "--name-status", tip, made).split() == [
        "A",
        "shop/virtual-node/more.yaml",
    ]
    gone = make(bare, {MORE: None})
    assert git(bare, "rev-parse", f"{gone}^{{tree}}") == git(bare, "rev-parse", f"{tip}^{{tree}}")


@pytest.mark.parametrize(
    ("root", "path"),
    [
        ("meshes", "meshes/shop/virtual-node/more.yaml"),
        ("meshes/shop", "meshes/shop/virtual-node/more.yaml"),
        ("shop", "shop/virtual-node/more.yaml"),
    ],
)
def test_a_new_file_is_below_the_root_of_the_specs(bare: Path, root: str, path: str) -> None:
    specs = {path: text for path, text in sample_files().items() if path != "gitmesh.yaml"}
    files = {f"{root}/{path}": text for path, text in specs.items()}
    tip = put(bare, {**files, "gitmesh.yaml": f"root: {root}\n"}, minute=1)
    made = make(bare, {MORE: SPEC})
    assert git(bare, "diff", "--name-only", tip, made) == path


def test_a_file_that_would_not_be_read_is_not_written(bare: Path) -> None:
    ignoring = {**sample_files(), "gitmesh.yaml": 'ignore: ["virtual-node/"]\n'}
    put(bare, ignoring, minute=1)
    with pytest.raises(UsageError, match="would not be read"):
        plan(bare, {MORE: SPEC})


def test_what_would_be_wrong_is_told_with_file_and_line(bare: Path) -> None:
    tip = git(bare, "rev-parse", "main")
    _, planned = plan(bare, {ResourceKey.parse("mesh/shop/virtualNode/cart-v1"): None})
    assert {problem.code for problem in planned.errors} == {"dangling-reference"}
    assert all(problem.path and problem.line for problem in planned.errors)
    assert git(bare, "rev-parse", "main") == tip


def test_what_does_not_exist_or_is_no_spec_is_wrong_use(bare: Path) -> None:
    with pytest.raises(UsageError, match="there is no mesh/shop/virtualNode/more"):
        plan(bare, {MORE: None})
    with pytest.raises(ValidationError):
        plan(bare, {MORE: {"listeners": "none"}})


def test_a_push_meanwhile_keeps_the_branch_where_it_is(bare: Path) -> None:
    repo, planned = plan(bare, {MORE: SPEC})
    tip = put(bare, sample_files(shares(50)), minute=3)
    with pytest.raises(BranchMoved):
        commit(repo, None, planned, "Change\n", ADA, command="test")
    assert git(bare, "rev-parse", "main") == tip
