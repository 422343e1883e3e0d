"""Reading specs from git objects: selection of files, cost, and equal results on every way."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh.keys import Kind, ResourceKey
from reconciler.git.initialization import init_bare
from reconciler.git.repository import GitRepository
from reconciler.reading import reader
from reconciler.reading.reader import TreeReader
from reconciler.reading.source import ObjectId
from reconciler.reading.tree import EMPTY, SpecTree
from tests.reconciler.specs import read, step, told, warned
from tests.support.git import Repo, put
from tests.support.meshes import a_mesh, a_node, a_route, shop_mesh
from tests.support.specs import files, text

CART = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "cart-v1")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path)


def test_every_yaml_and_json_file_is_read_wherever_it_is(repo: Repo) -> None:
    shop = shop_mesh()
    repo.commit_and_push(files(shop) | {"README.md": "kind: Mesh", "x/y/other.txt": "{"})
    tree = read(repo.origin)
    assert dict(tree.graph.resources) == {resource.key: resource for resource in shop}
    assert tree.problems == ()


def test_identity_is_in_the_document_not_in_the_path(repo: Repo) -> None:
    repo.commit_and_push({"any/name.yml": text(a_mesh(), a_node("web", 80)), "b.json": "{}"})
    tree = read(repo.origin)
    assert {key.name for key in tree.graph.resources} == {"shop", "web"}


def test_only_what_changed_is_read(repo: Repo) -> None:
    repo.commit_and_push(files(shop_mesh()))
    before = read(repo.origin)
    repo.commit_and_push({f"{CART}.yaml": text(a_node("cart-v1", 8080, hostname="x"))})

    git = _Counting(GitRepository.open(repo.origin))
    found = TreeReader(git).read(git.repo.tree_of(git.repo.tip()), before)

    assert len(git.blobs) == 1
    assert found.touched == {CART}
    assert found.tree.problems == ()
    untouched = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web")
    assert found.tree.graph.resources[untouched] is before.graph.resources[untouched]


class _Counting:
    def __init__(self, repo: GitRepository) -> None:
        self.repo = repo
        self.blobs: list[ObjectId] = []

    def read_tree(self, tree: ObjectId) -> bytes:
        return self.repo.read_tree(tree)

    def blob_bytes(self, blob: ObjectId) -> int:
        return self.repo.blob_bytes(blob)

    def read_blob(self, blob: ObjectId) -> bytes:
        self.blobs.append(blob)
        return self.repo.read_blob(blob)


def test_a_renamed_file_changes_no_resource_but_where_it_is(repo: Repo) -> None:
    repo.commit_and_push({"a.yaml": text(a_mesh())})
    before = read(repo.origin)
    repo.git("mv", "a.yaml", "b.yaml")
    repo.commit_and_push()
    after = read(repo.origin, base=before)
    assert after.graph.resources == before.graph.resources
    assert [r.source.path for r in after.graph.resources.values()] == ["b.yaml"]


def test_a_file_may_become_a_folder_and_a_folder_a_file(repo: Repo) -> None:
    mesh = text(a_mesh())
    repo.commit_and_push({"m.yaml": mesh, "n.yaml/web.yaml": text(a_node("web", 80))})
    before = read(repo.origin)
    repo.git("rm", "-qr", "m.yaml", "n.yaml")
    repo.commit_and_push({"m.yaml/mesh.yaml": mesh, "n.yaml": text(a_node("api", 80))})
    after = read(repo.origin, base=before)
    assert sorted(after.files) == ["m.yaml/mesh.yaml", "n.yaml"]
    assert {key.name for key in after.graph.resources} == {"shop", "api"}
    assert read(repo.origin, base=after) is after


def test_hidden_files_and_folders_are_no_specs(repo: Repo) -> None:
    bad = "not: a: spec"
    repo.commit_and_push({".github/workflows/ci.yaml": bad, "a/.x.yaml": bad, "m.yaml": ""})
    assert list(read(repo.origin).files) == ["m.yaml"]


def test_two_files_for_one_resource_name_both_places(repo: Repo) -> None:
    twice = text(a_mesh()) + "---\n" + text(a_node("web", 80))
    repo.commit_and_push({"b.yaml": "\n\n" + text(a_node("web", 81)), "a.yaml": twice})
    tree = read(repo.origin)
    (problem,) = tree.problems
    assert (problem.code, problem.path, problem.line) == ("duplicate-resource", "b.yaml", 3)
    line = text(a_mesh()).count("\n") + 2
    assert f"mesh/shop/virtualNode/web is defined here and at a.yaml:{line}" in problem.message


def test_mending_a_repetition_lets_the_other_definition_count(repo: Repo) -> None:
    repo.commit({"m.yaml": text(a_mesh()), "a.yaml": text(a_node("web", 80))})
    repo.commit_and_push({"b.yaml": text(a_node("web", 81))})
    repeated = read(repo.origin)
    assert [code for code, *_ in told(repeated)] == ["duplicate-resource"]
    repo.commit_and_push({"a.yaml": None})
    mended = read(repo.origin, base=repeated)
    assert mended.problems == ()
    web = mended.graph.resources[ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web")]
    assert web == a_node("web", 81)


def test_an_empty_repository_is_an_empty_mesh_with_a_warning(repo: Repo) -> None:
    repo.commit_and_push({"README.md": "hello"})
    assert warned(read(repo.origin)) == [("no-specs", "", 0)]
    assert told(read(repo.origin)) == []


# ---- gitmesh.yaml ------------------------------------------------------------------------------


def test_root_and_ignore_say_where_the_specs_are(repo: Repo) -> None:
    repo.commit_and_push(
        {
            "gitmesh.yaml": "root: meshes/prod\nignore: ['*.example.yaml', drafts/, a/**/z.yaml]\n",
            "meshes/prod/m.yaml": text(a_mesh()),
            "meshes/prod/n.example.yaml": "]",
            "meshes/prod/drafts/n.yaml": "]",
            "meshes/test/m.yaml": "]",
            "a.yaml": "]",
        }
    )
    tree = read(repo.origin)
    assert list(tree.files) == ["meshes/prod/m.yaml"]
    assert tree.problems == ()


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("b.yaml", "a.yaml d/a.yaml d/e/a.yaml"),
        ("/b.yaml", "a.yaml d/a.yaml d/b.yaml d/e/a.yaml d/e/b.yaml"),
        ("d", "a.yaml b.yaml"),
        ("d/*.yaml", "a.yaml b.yaml d/e/a.yaml d/e/b.yaml"),
        ("d/**", "a.yaml b.yaml"),
        ("**/e/", "a.yaml b.yaml d/a.yaml d/b.yaml"),
        ("?.yaml", ""),
        ("b.yaml/", "a.yaml b.yaml d/a.yaml d/b.yaml d/e/a.yaml d/e/b.yaml"),
        ("[ab].yaml", "a.yaml b.yaml d/a.yaml d/b.yaml d/e/a.yaml d/e/b.yaml"),
    ],
)
def test_ignore_patterns_mean_what_is_documented(repo: Repo, pattern: str, left: str) -> None:
    paths = [f"{folder}{name}.yaml" for folder in ("", "d/", "d/e/") for name in "ab"]
    repo.commit_and_push(dict.fromkeys(paths, "") | {"gitmesh.yaml": f"ignore: ['{pattern}']"})
    assert sorted(read(repo.origin).files) == left.split()


def test_changed_settings_read_the_tree_again(repo: Repo) -> None:
    repo.commit_and_push({"a/m.yaml": text(a_mesh()), "b/n.yaml": text(a_node("web", 80))})
    whole = read(repo.origin)
    repo.commit_and_push({"gitmesh.yaml": "root: a\n"})
    narrow = step(repo.origin, base=whole)
    assert list(narrow.tree.files) == ["a/m.yaml"]
    assert {key.name for key in narrow.touched} == {"web"}
    repo.commit_and_push({"gitmesh.yaml": None})
    assert sorted(read(repo.origin, base=narrow.tree).files) == ["a/m.yaml", "b/n.yaml"]


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        ("root: a\nrooot: b\n", "unknown-field", 2),
        ("\nignore: docs\n", "settings", 2),
        ("root: a\nroot: b\n", "duplicate-key", 2),
        ("root: /etc\n", "settings", 1),
        ("root: nowhere\n", "settings", 1),
        ("ignore:\n- ok\n- '!no'\n", "settings", 3),
        ("root: 1\n", "settings", 1),
        ("- root\n", "not-an-object", 1),
        ("root: a\n---\nroot: b\n", "settings", 3),
    ],
)
def test_wrong_settings_are_a_problem_with_a_line_and_mended_in_one_step(
    repo: Repo, content: str, code: str, line: int
) -> None:
    repo.commit_and_push({"a/m.yaml": text(a_mesh())})
    good = read(repo.origin)
    repo.commit_and_push({"gitmesh.yaml": content, "a/n.yaml": text(a_node("web", 80))})
    bad = read(repo.origin, base=good)
    assert told(bad) == [(code, "gitmesh.yaml", line)]
    assert told(read(repo.origin)) == told(bad)
    repo.commit_and_push({"gitmesh.yaml": "root: a"})
    mended = step(repo.origin, base=bad)
    assert mended.tree.problems == ()
    assert {key.name for key in mended.touched} == {"web"}


# ---- the way there does not matter ---------------------------------------------------------------

PATHS = ("a.yaml", "A.yaml", "d/b.yaml", "d/c.json", "d", "gitmesh.yaml")
CONTENTS = (
    None,
    text(a_mesh()),
    text(a_node("web", 80), a_node("api", 81)),
    text(a_node("web", 82), a_route("cart", "all", {"web": 1})),
    "kind: [",
    "root: d\n",
    "ignore: [A.yaml]\n",
)
EDITS = st.lists(
    st.dictionaries(st.sampled_from(PATHS), st.sampled_from(CONTENTS), min_size=1, max_size=4),
    min_size=1,
    max_size=5,
)


@settings(max_examples=60, deadline=None)
@given(EDITS)
def test_commit_by_commit_gives_the_same_as_reading_the_last_one(
    tmp_path_factory: pytest.TempPathFactory, edits: list[dict[str, str | None]]
) -> None:
    origin = init_bare(tmp_path_factory.mktemp("law") / "origin.git").path
    held: dict[str, str] = {}
    tree = EMPTY
    for edit in edits:
        for path, content in edit.items():
            held.pop(path, None)
            if content is not None and not _blocked(held, path):
                held[path] = content
        put(origin, held)
        tree = read(origin, base=tree)
        whole = read(origin)
        assert tree.problems == whole.problems
        if not tree.faults:
            _assert_same(tree, whole)


def _blocked(held: dict[str, str], path: str) -> bool:
    return any(path.startswith(f"{p}/") or p.startswith(f"{path}/") for p in held)


def _assert_same(one: SpecTree, other: SpecTree) -> None:
    assert one.files == other.files
    assert one.graph == other.graph
    assert one.listing == other.listing
    assert (one.size, one.documents) == (other.size, other.documents)


def test_progress_is_told_of_long_reading(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_PROGRESS_EVERY", 5)
    repo.commit_and_push(files(shop_mesh()))
    told: list[tuple[str, int, int]] = []
    git = GitRepository.open(repo.origin)
    TreeReader(git, lambda *at: told.append(at)).read(git.tree_of(git.tip()))
    total = len(shop_mesh())
    assert told == [("reading specs", done, total) for done in range(0, total, 5)]


def test_what_names_a_resource_that_cannot_be_read_is_not_blamed(repo: Repo) -> None:
    shop = files(shop_mesh())
    shop[f"{CART}.yaml"] = shop[f"{CART}.yaml"].replace("port: 8080", "port: eighty")
    repo.commit_and_push(shop)
    tree = read(repo.origin)
    assert [path for _, path, _ in told(tree)] == [f"{CART}.yaml"]
    repo.commit_and_push({f"{CART}.yaml": None})
    assert [code for code, *_ in told(read(repo.origin, base=tree))] == ["dangling-reference"]
