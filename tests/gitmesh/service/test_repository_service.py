"""Use cases about a repository, called as an API would call them: values in, values out."""

from pathlib import Path

import pytest

from events.opening import Engine
from gitmesh.demo.sample import sample_repo
from gitmesh.hooks.scripts import HookOptions, Outcome
from gitmesh.service.repository import versions as versions_module
from gitmesh.service.repository.creation import FirstCommit, create_repository
from gitmesh.service.repository.hook_installation import install_hooks
from gitmesh.service.repository.versions import versions
from gitmesh.service.specs.loaded_mesh import load_mesh
from mesh.errors import UsageError
from reconciler.git.writing import Person
from tests.support.git import git


def test_a_new_repository_checks_pushes_and_may_begin_with_a_mesh(tmp_path: Path) -> None:
    first = FirstCommit(sample_repo(), "The first mesh\n", Person("Ada", "ada@shop.example"))
    made = create_repository(tmp_path / "shop.git", "live", first=first)
    assert (made.created, made.branch) == (True, "live")
    assert made.commit == git(made.repository, "rev-parse", "live").strip()
    assert made.log == made.repository / "gitmesh/events.sqlite3"
    assert set(made.hooks.values()) == {Outcome.WRITTEN}
    assert load_mesh("live", made.repository).errors == ()


def test_an_existing_repository_is_left_as_it_is(tmp_path: Path) -> None:
    create_repository(tmp_path / "shop.git", "live")
    hook = tmp_path / "shop.git/hooks/pre-receive"
    hook.unlink()
    again = create_repository(tmp_path / "shop.git", "main")
    assert (again.created, again.commit, again.hooks) == (False, None, {})
    assert not hook.exists()
    assert git(tmp_path / "shop.git", "symbolic-ref", "HEAD").strip() == "refs/heads/live"


def test_a_foreign_hook_stays_and_the_hooks_are_incomplete(tmp_path: Path) -> None:
    made = create_repository(tmp_path / "shop.git", "live")
    found = install_hooks(made.repository, HookOptions(wait_s=3))
    assert (found.complete, found.branch) == (True, "refs/heads/live")
    foreign = found.folder / "pre-receive"
    foreign.write_text("#!/bin/sh\n")
    found = install_hooks(made.repository, HookOptions())
    assert not found.complete
    assert found.hooks == {"pre-receive": Outcome.KEPT, "post-receive": Outcome.WRITTEN}
    assert foreign.read_text() == "#!/bin/sh\n"


def test_no_hook_is_written_for_an_impossible_branch(tmp_path: Path) -> None:
    git(tmp_path, "init", "--bare", "--quiet", "shop.git")
    with pytest.raises(UsageError):
        install_hooks(tmp_path / "shop.git", HookOptions(branch=".."))
    assert not (tmp_path / "shop.git/hooks/pre-receive").exists()


def test_a_known_problem_of_a_version_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions_module, "engine", lambda: Engine("store", "1.2", "loses rows"))
    found = versions()
    assert found.components["store"] == "1.2"
    assert found.notes == ("store 1.2 loses rows",)
    monkeypatch.setattr(versions_module, "engine", lambda: Engine("store", "1.3", ""))
    assert versions().notes == ()
