"""Drafts of changes say what a commit would do, and write nothing."""

from pathlib import Path

import pytest

from events.encoding.codec import encode
from gitmesh.service.changes.difference import difference
from gitmesh.service.changes.draft import Draft, draft
from gitmesh.service.changes.resource_change import Wanted, change_resources
from gitmesh.service.resources.written import written_resource
from mesh.canonical import JsonObject
from mesh.errors import UsageError
from mesh.keys import ResourceKey
from mesh.resource import spec_json
from reconciler.git.repository import GitRepository
from reconciler.reading.reader import TreeReader
from reconciler.reading.tree import SpecTree
from tests.support.git import Repo, git, put
from tests.support.sample_shop import sample_files

ROUTE = ResourceKey.parse("mesh/shop/virtualRouter/cart/route/all")
NODE = ResourceKey.parse("mesh/shop/virtualNode/more")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    bare = Repo(tmp_path_factory.mktemp("draft")).origin
    put(bare, sample_files())
    return bare


def now(bare: Path) -> tuple[GitRepository, SpecTree]:
    repo = GitRepository.open(bare)
    return repo, TreeReader(repo).read(repo.tree_of(repo.tip())).tree


def drafted(bare: Path, wanted: Wanted) -> Draft:
    repo, tree = now(bare)
    return draft(repo, repo.tip(), tree, wanted)


def text_of(bare: Path) -> str:
    repo, tree = now(bare)
    found = written_resource(repo, repo.tip(), tree, ROUTE)
    assert found is not None
    assert found.path == "shop/cart/routes.yaml"
    return found.text


def test_a_draft_is_what_the_commit_becomes_and_writes_nothing(bare: Path) -> None:
    text = text_of(bare)
    assert "weight: 100" in text
    typed = f"# by hand\n{text.replace('weight: 100', 'weight: 40')}"
    objects = git(bare, "count-objects")
    found = drafted(bare, Wanted(texts={ROUTE: typed}))
    assert git(bare, "count-objects") == objects
    repo, tree = now(bare)
    planned = change_resources(repo, repo.tip(), {}, tree, texts={ROUTE: typed})
    assert planned.after.graph == found.after.graph
    [edit] = found.files
    assert edit.after is not None
    blob = repo.read_blob(planned.after.files[edit.path].entry.blob)
    assert edit.after.encode() == blob
    assert "# by hand" in edit.after
    assert [encode(each).subject for each in difference(tree.graph, found.after.graph).changes] == [
        str(ROUTE)
    ]
    assert found.errors == []


def test_problems_are_told_for_the_document_that_has_them(bare: Path) -> None:
    spec: JsonObject = {"listeners": [{"portMapping": {"port": 80, "protocol": "http"}}]}
    mine, others = drafted(bare, Wanted(specs={NODE: spec})).problems_of(NODE)
    assert "missing-service-discovery" in {each.code for each in mine}
    assert not [each for each in others if each.severity == "error"]
    broken = drafted(bare, Wanted(texts={ROUTE: text_of(bare).replace("weight: 100", "weight: x")}))
    mine, _ = broken.problems_of(ROUTE)
    assert [each.code for each in mine] == ["wrong-type"]


def test_a_text_must_stay_that_of_its_resource(bare: Path) -> None:
    typed = text_of(bare).replace("routeName: all", "routeName: other")
    with pytest.raises(UsageError, match="route/other"):
        drafted(bare, Wanted(texts={ROUTE: typed}))
    with pytest.raises(UsageError, match="one document"):
        drafted(bare, Wanted(texts={ROUTE: f"{text_of(bare)}---\nkind: Mesh\nmeshName: x\n"}))


def test_an_unchanged_text_is_no_change(bare: Path) -> None:
    _, tree = now(bare)
    spec = spec_json(tree.graph.resources[ROUTE].spec)
    for wanted in (Wanted(texts={ROUTE: text_of(bare)}), Wanted(specs={ROUTE: spec})):
        assert drafted(bare, wanted).files == ()
