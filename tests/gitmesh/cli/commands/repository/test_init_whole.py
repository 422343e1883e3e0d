"""``gitmesh init`` creates all of a repository or nothing; ``hooks`` reports what it installed."""

import stat
from pathlib import Path
from shlex import quote

import pytest

from tests.support.command_line import gitmesh
from tests.support.git import Repo, git
from tests.support.sample_shop import sample_files


@pytest.mark.parametrize("there", [False, True])
def test_an_interrupted_init_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    path = tmp_path / "shop.git"
    if there:
        path.mkdir()
    before = sorted(tmp_path.rglob("*"))

    def interrupted(*_: object) -> None:
        raise SystemExit(130)  # as a signal does

    with monkeypatch.context() as patch:
        patch.setattr("gitmesh.service.repository.creation.commit_folder", interrupted)
        ended = gitmesh("init", "--sample", path)
    assert ended.code == 130
    assert sorted(tmp_path.rglob("*")) == before
    assert gitmesh("init", "--sample", path).code == 0


def test_what_is_made_aside_is_whole_where_it_belongs(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "shop.git"
    path.mkdir(parents=True)
    path.chmod(0o2770)
    made = gitmesh("init", "--sample", path, "--json").json()
    assert made["repository"] == str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o2770, "an empty directory stays as it is"
    assert [each.name for each in path.parent.iterdir()] == ["shop.git"]
    git(tmp_path, "clone", "--quiet", str(path), "mesh")
    (tmp_path / "mesh" / "shop" / "bad.yaml").write_text("kind: Nothing\n")
    git(tmp_path / "mesh", "add", "--all")
    git(tmp_path / "mesh", "commit", "--quiet", "-m", "Bad")
    with pytest.raises(AssertionError, match="gitmesh refuses this push"):
        git(tmp_path / "mesh", "push", "--quiet")
    assert gitmesh("init", path).code == 2


def test_hooks_in_a_clone_promise_nothing_of_pushes_from_it(tmp_path: Path) -> None:
    repo = Repo(tmp_path)
    repo.commit_and_push(sample_files())
    told = gitmesh("hooks", repo.work)
    assert told.code == 0
    assert "pushes that this clone receives on main are checked\n" in told.out
    assert "pushes to main are checked" not in told.out
    line = f"note: pushes from it go to {repo.origin}, whose own hooks check them: gitmesh hooks "
    assert told.err == f"{line}{quote(str(repo.origin))}\n"
    assert "pushes to main are checked\n" in gitmesh("hooks", repo.origin).out
