"""Hostile repositories: each becomes a problem that names the place."""

import os
import threading
from pathlib import Path

import pygit2
import pytest

from events.types import CommitId
from mesh.errors import UsageError
from reconciler import directory
from reconciler.directory import read_directory
from reconciler.git import object_store
from reconciler.git.repository import GitRepository
from reconciler.reading import listing, reader
from reconciler.reading.reader import TreeReader
from reconciler.reading.source import ObjectId
from reconciler.reading.tree import SpecTree
from tests.reconciler.following import following, run
from tests.reconciler.specs import read, told, warned
from tests.support.git import Repo, git
from tests.support.meshes import a_mesh, a_node, shop_mesh
from tests.support.specs import files, text

GOOD = {"m.yaml": text(a_mesh())}
Place = tuple[str, str, int]

ALIASES = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 12345\n"

CONTENTS: dict[str, tuple[str | bytes, str, int]] = {
    "alias bomb": (ALIASES, "alias", 1),
    "deep lists": ("[" * 20_000 + "]" * 20_000, "too-deep", 1),
    "deep blocks": ("".join(" " * n + "a:\n" for n in range(300)), "too-deep", 65),
    "duplicate keys": ("kind: Mesh\nmeshName: a\nmeshName: b\nspec: {}\n", "duplicate-key", 3),
    "a pointer of Git LFS": (POINTER, "lfs-pointer", 1),
    "not UTF-8": (b"kind: Mesh\nmeshName: \xff\n", "not-text", 2),
    "binary": (bytes(range(256)), "not-text", 0),
    "a megabyte and more": ("# x\n" * 300_000, "file-too-big", 0),
    "unfinished": ("kind: [", "syntax", 0),
    "a tag that builds objects": ("!!python/object/apply:os.system [id]", "tag", 1),
    "a list": ("- a\n- b\n", "not-an-object", 1),
    "huge number": (f"kind: Mesh\nmeshName: {'9' * 5000}\nspec: {{}}\n", "", 2),
}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path)


@pytest.mark.parametrize(("content", "code", "line"), CONTENTS.values(), ids=CONTENTS.keys())
def test_a_bad_file_is_a_problem_at_its_place(
    repo: Repo, content: str | bytes, code: str, line: int
) -> None:
    repo.commit_and_push({**GOOD, "bad.yaml": content})
    problems = told(read(repo.origin))
    assert problems, "it was accepted"
    assert {path for _, path, _ in problems} == {"bad.yaml"}
    assert not code or code in {found for found, *_ in problems}
    assert not line or line in {at for *_, at in problems}


@pytest.mark.parametrize(
    "content",
    ["\ufeff" + text(a_mesh()), text(a_mesh()).replace("\n", "\r\n"), "# nothing\n", ""],
    ids=["byte order mark", "CRLF", "only a comment", "empty"],
)
def test_odd_but_honest_files_are_fine(repo: Repo, content: str) -> None:
    repo.commit_and_push({"a.yaml": content, "web.yaml": ""})
    assert told(read(repo.origin)) == []


# ---- entries that are no plain files -----------------------------------------------------------


def test_a_link_out_of_the_repository_is_refused_and_never_followed(repo: Repo) -> None:
    (repo.work / "specs").mkdir()
    os.symlink("/etc/passwd", repo.work / "specs/passwd.yaml")
    os.symlink("../m.yaml", repo.work / "README")
    repo.commit_and_push(GOOD)
    tree = read(repo.origin)
    assert told(tree) == [("symlink", "specs/passwd.yaml", 1)]
    assert warned(tree) == [("symlink", "README", 0)]
    assert "root" not in str(tree.problems)


def test_a_submodule_is_refused_until_it_is_ignored(repo: Repo) -> None:
    repo.commit(GOOD)
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendor/specs")
    repo.git("commit", "-q", "-m", "submodule")
    repo.push()
    assert told(read(repo.origin)) == [("submodule", "vendor/specs", 0)]
    repo.write({"gitmesh.yaml": "ignore: [vendor/]\n"})
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendor/specs")
    repo.git("commit", "-q", "-m", "ignored")
    repo.push()
    assert told(read(repo.origin)) == []


def test_an_executable_file_is_a_plain_file(repo: Repo) -> None:
    repo.write(GOOD)
    repo.git("update-index", "--chmod=+x", "m.yaml")
    repo.git("commit", "-q", "-m", "executable")
    repo.push()
    assert told(read(repo.origin)) == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"n\xff.yaml", "n\\xff.yaml"),
        (b"new\nline.yaml", "new\\x0aline.yaml"),
        (b"\x1b[31mred.yaml", "\\x1b[31mred.yaml"),
        ("\u202egpj.yaml".encode(), "\\x202egpj.yaml"),
        (b"../m.yaml", "../m.yaml"),
    ],
    ids=["not UTF-8", "a line break", "a terminal's escape", "right to left", "dots"],
)
def test_names_that_could_deceive_are_refused(repo: Repo, name: bytes, shown: str) -> None:
    blob = repo.blob(GOOD["m.yaml"].encode())
    raw = b"100644 " + name + b"\0" + bytes.fromhex(blob)
    options = ["-t", "tree", "-w", "--stdin", "--literally"]
    repo.commit_tree(repo.git("hash-object", *options, stdin=raw))
    repo.push(ref="main")
    found = read(repo.origin)
    assert told(found) == [("unsafe-path", shown, 0)]
    assert not found.graph.resources


def test_names_that_differ_in_case_only_are_warned_of(repo: Repo) -> None:
    repo.commit_and_push({"M.yaml": text(a_mesh()), "m.yaml": text(a_node("web", 80))})
    assert warned(read(repo.origin)) == [("case-collision", "m.yaml", 0)]


# ---- too much of everything ----------------------------------------------------------------------


def test_a_tree_bomb_ends_at_once_and_the_next_commit_is_read(repo: Repo) -> None:
    good = repo.commit(GOOD)
    tree = repo.tree_of([("100644", repo.blob(b""), f"f{n}.yaml") for n in range(10)])
    for _ in range(9):
        tree = repo.tree_of([("40000", tree, f"d{n}") for n in range(10)])
    bomb = repo.commit_tree(tree, good)
    repo.push(ref="main")
    before = read(repo.origin, good)
    bad = read(repo.origin, bomb, before)
    assert told(bad) == [("tree-too-large", "", 0)]
    assert told(read(repo.origin, bomb)) == told(bad)
    assert read(repo.origin, good, bad).problems == ()


def test_folders_within_folders_without_end_are_too_large(repo: Repo) -> None:
    tree = repo.tree_of([("100644", repo.blob(b""), "m.yaml")])
    handle = pygit2.Repository(str(repo.work))
    for _ in range(3000):
        builder = handle.TreeBuilder()
        builder.insert("d", pygit2.Oid(hex=tree), pygit2.enums.FileMode.TREE)
        tree = str(builder.write())
    repo.commit_tree(tree)
    repo.push(ref="main")
    ((code, path, _),) = told(read(repo.origin))
    assert code == "tree-too-large"
    assert path == "/".join(["d"] * (listing.MAX_DEPTH + 1))


def test_a_path_without_end_is_too_large(repo: Repo) -> None:
    blob = repo.blob(b"")
    repo.commit_tree(repo.tree_of([("100644", blob, "x" * 3000 + ".yaml")]))
    repo.push(ref="main")
    ((code, _, _),) = told(read(repo.origin))
    assert code == "tree-too-large"


def test_a_huge_blob_is_refused_by_its_size_without_being_loaded(repo: Repo) -> None:
    repo.commit_and_push({"huge.yaml": b"\0" * (4 * 1024 * 1024)})
    git = _WithoutBlobs.open(repo.origin)
    tree = TreeReader(git).read(git.tree_of(git.tip())).tree
    assert told(tree) == [("file-too-big", "huge.yaml", 0)]


class _WithoutBlobs(GitRepository):
    def read_blob(self, blob: ObjectId) -> bytes:
        raise AssertionError("a blob was loaded")


@pytest.mark.parametrize("bound", ["MAX_BYTES", "MAX_DOCUMENTS", "MAX_ENTRIES"])
def test_all_specs_together_are_bounded_from_whichever_side_they_are_read(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    nodes = {f"n{n}.yaml": text(a_node(f"n{n}", 80)) for n in range(9)}
    small = repo.commit({**GOOD, **dict(list(nodes.items())[:4])})
    large = repo.commit_and_push(nodes)
    most = {"MAX_BYTES": sum(map(len, nodes.values())), "MAX_DOCUMENTS": 8, "MAX_ENTRIES": 9}
    for module in (reader, listing):
        if hasattr(module, bound):
            monkeypatch.setattr(module, bound, most[bound])
    before = read(repo.origin, small)
    assert before.problems == ()
    after = read(repo.origin, large, before)
    assert [code for code, *_ in told(after)] == ["tree-too-large"]
    assert read(repo.origin, large).problems == after.problems
    assert read(repo.origin, small, after).problems == ()


def test_errors_beyond_a_bound_are_not_kept_from_whichever_side_they_are_read(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {f"w{n}.yaml": "- a\n" for n in range(9)}
    some = repo.commit({**GOOD, **dict(list(wrong.items())[5:])})
    large = repo.commit_and_push(wrong)
    monkeypatch.setattr(reader, "MAX_ERRORS", 8)
    monkeypatch.setattr(reader, "TOLD_ERRORS", 3)
    before = read(repo.origin, some)
    assert len(before.problems) == 4
    after = read(repo.origin, large, before)
    assert [path for _, path, _ in told(after)] == ["", "w0.yaml", "w1.yaml", "w2.yaml"]
    assert (
        after.problems[0].message == "the files have more than 8 errors; only the first are listed"
    )
    assert len(after.files) == len(before.files)
    assert read(repo.origin, large).problems == after.problems
    assert len(read(repo.origin, some, after).problems) == 4


def test_a_folder_of_too_many_bytes_is_not_loaded(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.commit_and_push({f"d/n{n}.yaml": "" for n in range(20)})
    monkeypatch.setattr(object_store, "MAX_TREE_BYTES", 500)
    assert told(read(repo.origin)) == [("tree-too-large", "d", 0)]


# ---- end to end ----------------------------------------------------------------------------------


def test_through_all_of_it_the_last_good_mesh_is_served(repo: Repo, tmp_path: Path) -> None:
    async def steps() -> None:
        good = repo.commit_and_push(files(shop_mesh()))
        async with following(repo.origin, tmp_path / "log.db") as at:
            start = await at.until(good)
            for content, _, _ in CONTENTS.values():
                bad = repo.commit_and_push({"bad.yaml": content})
                state = await at.until(bad)
                assert state.commit == good
                assert state.resources == start.resources
            os.symlink("/etc/passwd", repo.work / "passwd.yaml")
            await at.until(repo.commit_and_push({"bad.yaml": None}))
            mended = repo.commit_and_push({"passwd.yaml": None})
            assert (await at.until(mended)).commit == mended
            rejected = [line for line in at.story() if line.startswith("rejected")]
            assert len(rejected) == len(CONTENTS) + 1

    run(steps())


# ---- plain directories ---------------------------------------------------------------------------


def test_a_directory_is_read_as_a_commit_of_it_would_be(repo: Repo) -> None:
    repo.commit_and_push(
        {
            **files(shop_mesh()),
            "gitmesh.yaml": "ignore: [drafts/]\n",
            "drafts/x.yaml": "[",
            ".hidden.yaml": "[",
            "bad.yaml": "kind: [",
            "M.yml": text(a_node("x", 1)),
        }
    )
    committed, plain = read(repo.origin), read_directory(repo.work)
    assert plain.problems == committed.problems
    assert plain.graph == committed.graph


def test_a_directory_is_never_left_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "m.yaml").write_text(GOOD["m.yaml"])
    top = tmp_path / "specs"
    top.mkdir()
    (top / "file.yaml").symlink_to(outside / "m.yaml")
    (top / "folder").symlink_to(outside)
    tree = read_directory(top)
    assert told(tree) == [("symlink", "file.yaml", 1)]
    assert warned(tree) == [("symlink", "folder", 0)]
    assert not tree.graph.resources


def test_a_pipe_in_a_directory_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "m.yaml").write_text(GOOD["m.yaml"])
    found: list[SpecTree] = []
    reading = threading.Thread(target=lambda: found.append(read_directory(tmp_path)), daemon=True)
    reading.start()
    reading.join(timeout=10)
    assert len(found[0].graph.resources) == 1


def test_a_directory_that_is_not_there_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no directory"):
        read_directory(tmp_path / "nowhere")


def test_a_malformed_commit_object_can_still_be_described(repo: Repo) -> None:
    tree = repo.tree_of([("100644", repo.blob(GOOD["m.yaml"].encode()), "m.yaml")])
    raw = f"tree {tree}\nauthor nobody at all\ncommitter x <x> 99999999999999999999 +9999\n\n\xff"
    commit = repo.git(
        "hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=raw.encode("latin-1")
    )
    facts = GitRepository.open(repo.work).facts(CommitId(commit))
    assert facts.tree == tree
    assert facts.message == "\ufffd"


def test_a_tree_object_that_git_would_not_write_is_refused_whole(repo: Repo) -> None:
    good = repo.commit_and_push(GOOD)
    blob = bytes.fromhex(repo.blob(GOOD["m.yaml"].encode()))
    entry = b"100644 m.yaml\0" + blob
    options = ["-t", "tree", "-w", "--stdin", "--literally"]
    for raw in (entry + entry, entry + b"garbage", b"100644 gitmesh.yaml\0" + blob + b"x"):
        tree = git(repo.origin, "hash-object", *options, stdin=raw)
        bad = git(repo.origin, "commit-tree", tree, "-p", good, "-m", "bad")
        assert told(read(repo.origin, bad)) == [("tree-too-large", "", 0)]
        after = read(repo.origin, bad, read(repo.origin, good))
        assert told(after) == [("tree-too-large", "", 0)]


def test_settings_must_be_a_plain_file_of_sensible_size(repo: Repo) -> None:
    os.symlink("/etc/passwd", repo.work / "gitmesh.yaml")
    repo.commit_and_push(GOOD)
    assert told(read(repo.origin)) == [("settings", "gitmesh.yaml", 1)]
    (repo.work / "gitmesh.yaml").unlink()
    repo.commit_and_push({"gitmesh.yaml": "#" * 2 * 1024 * 1024})
    assert told(read(repo.origin)) == [("settings", "gitmesh.yaml", 1)]


def test_a_directory_is_bounded_like_a_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / "deep"
    deep.joinpath(*["d"] * (listing.MAX_DEPTH + 2)).mkdir(parents=True)
    assert [code for code, *_ in told(read_directory(deep))] == ["tree-too-large"]
    wide = tmp_path / "wide"
    wide.mkdir()
    for n in range(5):
        (wide / f"{n}.yaml").write_text("")
    monkeypatch.setattr(directory, "MAX_ENTRIES", 4)
    assert [code for code, *_ in told(read_directory(wide))] == ["tree-too-large"]
    (tmp_path / "gitmesh.yaml").write_text("rooot: x")
    assert told(read_directory(tmp_path)) == [("unknown-field", "gitmesh.yaml", 1)]
