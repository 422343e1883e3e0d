"""Trees that gitmesh writes, and locks that a killed server leaves."""

import os
from datetime import datetime
from pathlib import Path

import pygit2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh.errors import UsageError
from reconciler.git import writing
from reconciler.git.repository import GitRepository
from reconciler.git.writing import BranchMoved, Person, remove_dead_lock, write_tree
from reconciler.reading.source import ObjectId, ObjectMissing
from tests.support.git import put

US, OTHERS = Person("gitmesh", "gitmesh@localhost"), Person("Carol", "carol@example.com")
FILES = {"a.yaml": "a", "d/b.yaml": "b", "d/e/c.yaml": "c", "d/e/f.yaml": "f", "g/h.yaml": "h"}
NEW = ("d/new.yaml", "new/x/y.yaml", "z.yaml", "g/h/i.yaml", "d", "caf\u00e9.yaml")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("writing") / "origin.git"
    pygit2.init_repository(str(path), bare=True, initial_head="main")
    put(path, FILES)
    return path


def content(files: dict[str, bytes], tree: pygit2.Tree, above: str = "") -> dict[str, bytes]:
    for entry in tree:
        if isinstance(entry, pygit2.Tree):
            assert len(entry), "an empty folder"
            content(files, entry, f"{above}{entry.name}/")
        else:
            assert isinstance(entry, pygit2.Blob)
            files[above + str(entry.name)] = entry.data
    return files


@settings(max_examples=60, deadline=None)
@given(
    gone=st.sets(st.sampled_from(sorted(FILES))),
    new=st.dictionaries(st.sampled_from([*NEW, *FILES]), st.binary(max_size=3)),
)
def test_a_tree_has_the_changed_files_and_all_others(
    bare: Path, gone: set[str], new: dict[str, bytes]
) -> None:
    """As git's own index writes it, which reads all files."""
    repo = GitRepository.open(bare)
    base = repo.tree_of(repo.tip())
    if any(a != b and b.startswith(f"{a}/") for a in new for b in [*new, *FILES.keys() - gone]):
        return  # a file where a folder is
    if any(b.startswith(f"{a}/") for a in FILES.keys() - gone - new.keys() for b in new):
        return
    changes: dict[bytes, bytes | None] = {path.encode(): None for path in gone - new.keys()}
    changes |= {path.encode(): text for path, text in new.items()}
    made = write_tree(repo, base, changes)
    index = pygit2.Index()
    index.read_tree(repo.handle[base].peel(pygit2.Tree))
    for path, text in changes.items():
        if text is None:
            index.remove(path.decode())
    for path, text in changes.items():
        if text is not None:
            blob = repo.handle.create_blob(text)
            index.add(pygit2.IndexEntry(path.decode(), blob, pygit2.enums.FileMode.BLOB))
    assert made == str(index.write_tree(repo.handle))
    kept = {path: text.encode() for path, text in FILES.items() if path not in gone}
    assert content({}, repo.handle[made].peel(pygit2.Tree)) == {**kept, **new}


def test_a_name_that_is_not_utf_8_and_the_mode_of_a_file_stay(bare: Path) -> None:
    repo = GitRepository.open(bare)
    base = repo.tree_of(repo.tip())
    odd = write_tree(repo, base, {b"d/\xff.yaml": b"odd"})
    after = write_tree(repo, odd, {b"d/b.yaml": b"changed"})
    raw = repo.read_tree(ObjectId(str(repo.handle[after].peel(pygit2.Tree)["d"].id)))
    assert b"100644 \xff.yaml\0" in raw
    builder = repo.handle.TreeBuilder(repo.handle[base].peel(pygit2.Tree))
    executable = pygit2.enums.FileMode.BLOB_EXECUTABLE
    builder.insert("run.yaml", repo.handle.create_blob(b"x"), executable)
    changed = write_tree(repo, ObjectId(str(builder.write())), {b"run.yaml": b"y"})
    assert repo.handle[changed].peel(pygit2.Tree)["run.yaml"].filemode == executable


def commit_by(repo: GitRepository, person: Person) -> str:
    tip = repo.tip()
    return writing.write_commit(
        repo, repo.tree_of(tip), tip, "change", author=person, committer=person
    )


@pytest.fixture
def lock(bare: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(writing, "DEAD_AFTER_S", 0.01)
    path = bare / "refs" / "heads" / "main.lock"
    path.unlink(missing_ok=True)
    return path


def test_the_lock_that_a_killed_server_has_left_is_removed(bare: Path, lock: Path) -> None:
    repo = GitRepository.open(bare)
    assert remove_dead_lock(repo, None, US) is None
    for text in ("", f"{commit_by(repo, US)}\n"):
        lock.write_text(text)
        assert remove_dead_lock(repo, None, US) == lock
        assert not lock.exists()


def test_the_lock_of_somebody_else_stays(bare: Path, lock: Path) -> None:
    repo = GitRepository.open(bare)
    for text in (f"{commit_by(repo, OTHERS)}\n", "ref: refs/heads/other\n", f"{'0' * 40}\n"):
        lock.write_text(text)
        assert remove_dead_lock(repo, None, US) is None
        assert lock.read_text() == text


def test_a_lock_that_changes_meanwhile_stays(
    bare: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = GitRepository.open(bare)
    lock.write_text("")
    monkeypatch.setattr("reconciler.git.writing.time.sleep", lambda _: os.utime(lock, ns=(1, 1)))
    assert remove_dead_lock(repo, None, US) is None
    assert lock.exists()


@settings(max_examples=60, deadline=None)
@given(
    name=st.text("Ada \u00e9\t.'\"", min_size=1, max_size=6).filter(
        lambda name: name.strip(" .'\"")
    ),
    message=st.text(max_size=40),
)
def test_a_commit_is_the_object_that_git_would_write(bare: Path, name: str, message: str) -> None:
    repo = GitRepository.open(bare)
    tip = repo.tip()
    tree = repo.tree_of(tip)
    person = Person(name, "ada@example.com")
    try:
        made = writing.write_commit(repo, tree, tip, message, author=person, committer=US)
    except UsageError:
        return
    facts = repo.facts(made)
    now = int(datetime.fromisoformat(facts.committer.at).timestamp())
    one, other = writing.signature(person, now), writing.signature(US, now)
    expected = repo.handle.create_commit(
        None, one, other, message, pygit2.Oid(hex=tree), [pygit2.Oid(hex=tip)]
    )
    assert made == str(expected)


def test_an_object_whose_file_is_damaged_is_written_again(bare: Path) -> None:
    repo, content = GitRepository.open(bare), b"spec: {}\n" * 100
    oid = repo.write("blob", content)
    file = bare / "objects" / oid[:2] / oid[2:]
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:20])
    with pytest.raises(ObjectMissing):
        GitRepository.open(bare).read_blob(oid)
    again = GitRepository.open(bare)
    assert again.write("blob", content) == oid
    assert GitRepository.open(bare).read_blob(oid) == content


def test_a_branch_begins_with_a_commit_that_has_no_file_and_no_parent(tmp_path: Path) -> None:
    path = tmp_path / "empty.git"
    pygit2.init_repository(str(path), bare=True, initial_head="main")
    repo = GitRepository.open(path)
    made = writing.begin_branch(repo, "refs/heads/main", "Begin\n", author=OTHERS, committer=US)
    assert repo.tip() == made
    facts = repo.facts(made)
    assert (facts.parents, facts.author.name, facts.message) == ((), "Carol", "Begin\n")
    assert repo.read_tree(ObjectId(facts.tree)) == b""
    with pytest.raises(BranchMoved):
        writing.begin_branch(repo, "refs/heads/main", "Again\n", author=OTHERS, committer=US)
