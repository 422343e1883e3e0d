"""``gitmesh verify`` detects every manipulation of the log and of git."""

import shutil
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from events.sqlite.schema import TABLES
from events.types import Chain, ProxyConnected, ProxyDisconnected
from gitmesh.demo.sample import shares
from gitmesh.queries.log_location import log_path
from reconciler.git.checkpoint_ref import REF
from tests.support.command_line import Ran, gitmesh
from tests.support.following import follow
from tests.support.forger import changed, forge, replaced, without
from tests.support.git import Repo, git, put
from tests.support.logs import outsider, unprotected
from tests.support.sample_shop import sample_files

NODE = "mesh/shop/virtualNode/web"
DELIVERY = (ProxyConnected(NODE, "1", "envoy"), ProxyDisconnected(NODE, "1", "gone")) * 2


@dataclass(frozen=True, slots=True)
class Town:
    """A repository with a log that was signed when it had ``signed`` events, and grew since."""

    bare: Path
    key: Path
    signed: int
    head: int

    @property
    def log(self) -> Path:
        return log_path(self.bare)

    def verify(self, *options: object) -> Ran:
        return gitmesh("verify", self.bare, "--key", f"{self.key}.pub", *options)

    def copy(self, folder: Path) -> "Town":
        shutil.copytree(self.bare.parent, folder, dirs_exist_ok=True)
        return Town(folder / self.bare.name, folder / self.key.name, self.signed, self.head)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Town:
    folder = tmp_path_factory.mktemp("original")
    bare, key = Repo(folder).origin, folder / "shop.key"
    assert gitmesh("keygen", key, "--name", "shop.example").code == 0
    put(bare, sample_files())
    put(bare, sample_files(shares(10)), minute=1)
    signed = follow(bare, DELIVERY)
    assert gitmesh("checkpoint", bare, "--key", key).code == 0
    put(bare, sample_files(shares(10, "cart-v3")), minute=2)
    put(bare, sample_files(shares(0)), minute=3)
    return Town(bare, key, signed, follow(bare, DELIVERY))


@pytest.fixture
def town(original: Town, tmp_path: Path) -> Town:
    return original.copy(tmp_path / "town")


def test_what_nobody_touched_is_believed(town: Town) -> None:
    done = town.verify()
    assert (done.code, done.err) == (0, "")
    assert f"git: {town.head} mesh events derived again, the same" in done.out
    assert f"2 checkpoints signed, the longest of {town.signed} mesh events" in done.out


def sql(statement: str) -> Callable[[Town], None]:
    def tamper(town: Town) -> None:
        with unprotected(town.log) as connection:
            for part in statement.split(";"):
                assert connection.execute(part).rowcount > 0

    return tamper


def view_added(town: Town) -> None:
    with outsider(town.log) as connection:
        connection.execute("CREATE VIEW events AS SELECT * FROM mesh_events WHERE seq <> 21")


def trigger_dropped(town: Town) -> None:
    with outsider(town.log) as connection:
        connection.execute("DROP TRIGGER delivery_events_append")


def sealed(edit: Callable[[Town], object], chain: Chain = Chain.MESH) -> Callable[[Town], None]:
    return lambda town: forge(town.log, edit(town), chain)  # type: ignore[arg-type]


def swapped(town: Town) -> None:
    """Put the log of another history in its place, which is whole by itself."""
    folder = town.bare.parent / "other"
    folder.mkdir()
    other = Repo(folder).origin
    for minute in range(9):
        put(other, sample_files(shares(minute)), message="quite another", minute=minute)
    follow(other, DELIVERY * 3)
    for end in ("-wal", "-shm"):
        Path(f"{town.log}{end}").unlink(missing_ok=True)
    shutil.copy(log_path(other), town.log)


def truncated_with_git(town: Town) -> None:
    forge(town.log, without(town.signed + 1, town.head))
    git(town.bare, "update-ref", "refs/heads/main", "main~3")


def checkpoints_removed(town: Town) -> None:
    git(town.bare, "update-ref", "-d", "refs/gitmesh/checkpoints")


def history_rewritten(town: Town) -> None:
    """Let the branch say that the last commit never was, with no server about."""
    git(town.bare, "update-ref", "refs/heads/main", "main~2")
    put(town.bare, sample_files(shares(1)), message="innocent", minute=9)


def evidence_removed(town: Town) -> None:
    """Forge what the last commit did, and take from git the file that says otherwise."""
    forge(town.log, replaced(town.head, '"weight":100', '"weight":99'))
    loose(town, "main:shop/cart/routes.yaml").unlink()


def evidence_damaged(town: Town) -> None:
    """Forge who made the last commit, and put as much into git under the id that it has."""
    forge(town.log, changed(town.head - 1, actor="Mallory <m@example.com>"))
    found = loose(town, "main")
    raw = zlib.decompress(found.read_bytes())
    found.chmod(0o644)
    found.write_bytes(zlib.compress(raw.replace(b"Alice", b"Malle")))


def in_its_place(town: Town) -> None:
    """Forge a history without its last commit but one, and let git show the like of it."""
    tip, before = (git(town.bare, "rev-parse", name) for name in ("main", "main~2"))
    git(town.bare, "replace", "--graft", tip, before)
    (town.bare / "shallow").write_text(f"{tip}\n")
    forge(town.log, without(town.signed + 1, town.signed + 1))


def loose(town: Town, name: str) -> Path:
    """Return the file of an object."""
    oid = git(town.bare, "rev-parse", name)
    return town.bare / "objects" / oid[:2] / oid[2:]


def checkpoint_forged(town: Town) -> None:
    key = town.key.with_name("mallory.key")
    gitmesh("keygen", key, "--name", "shop.example")
    git(town.bare, "update-ref", "-d", "refs/gitmesh/checkpoints")
    assert gitmesh("checkpoint", town.bare, "--key", key).code == 0


TABLE: dict[str, tuple[Callable[[Town], None], str]] = {
    # ---- clumsy: the hashes are left as they were ----
    "edit": (
        sql("UPDATE mesh_events SET actor = 'Mallory' WHERE seq = 3"),
        "mesh chain: event 3 (ResourceAdded) is not what was written",
    ),
    "edit what proxies said": (
        sql("UPDATE delivery_events SET data = replace(data, 'envoy', 'envy') WHERE seq = 4"),
        "delivery chain: event 4 (ProxyConnected) is not what was written",
    ),
    "delete": (
        sql("DELETE FROM mesh_events WHERE seq = 5"),
        "mesh chain: event 5 is missing; 6 follows 4",
    ),
    "reorder": (
        sql(
            "UPDATE mesh_events SET seq = -2 WHERE seq = 2;"
            "UPDATE mesh_events SET seq = 2 WHERE seq = 3;"
            "UPDATE mesh_events SET seq = 3 WHERE seq = -2"
        ),
        "mesh chain: event 2 does not continue the event before it",
    ),
    "drop a trigger": (trigger_dropped, "trigger delivery_events_append is missing"),
    "change a projection": (
        sql("UPDATE resource_versions SET spec = '{}'"),
        "projection resource_versions differs from what the chain says",
    ),
    "change a time": (
        sql("UPDATE mesh_events SET at = '2019-11-25T03:12:00.000000Z' WHERE seq = 5"),
        "mesh chain: event 5 (ResourceAdded) was written down before the event before it",
    ),
    "take a change from its commit by its time": (
        sql("UPDATE mesh_events SET at = '2999-11-25T03:12:00.000000Z' WHERE seq = 25"),
        "mesh chain: event 25 (TrafficShifted) has another time than the event before it",
    ),
    "put a commit to another by its time": (
        sql("UPDATE mesh_events SET at = (SELECT at FROM mesh_events WHERE seq = 20) WHERE seq=21"),
        "mesh chain: event 21 (CommitApplied) has the same time as the event before it",
    ),
    "write nonsense for a time": (
        sql("UPDATE mesh_events SET at = 'long ago' WHERE seq = 1"),
        "mesh chain: event 1 (CommitApplied) says 'long ago', which is not a time",
    ),
    "show another log beside it": (view_added, "file: view events is not ours"),
    # ---- clever: all of it is sealed anew, and whole by itself ----
    "edit, sealed anew": (
        sealed(lambda _: replaced(3, '"path":"', '"path":"x')),
        "mesh chain: event 3 (ResourceAdded of {subject3}): its data at $.path",
    ),
    "edit what git cannot tell, sealed anew": (
        sealed(lambda _: replaced(4, "envoy", "envy"), Chain.DELIVERY),
        "delivery chain: one of the events 1 to 5 is not what checkpoint",
    ),
    "change when a commit was applied, in the order of times": (
        sql("UPDATE mesh_events SET at = '2019-11-25T03:12:00.000000Z' WHERE seq <= 20"),
        "mesh chain: one of the events 1 to {signed} has another time than when checkpoint",
    ),
    "edit after the checkpoint, sealed anew": (
        sealed(lambda t: changed(t.head, actor="Mallory <m@example.com>")),
        "mesh chain: event {head} (TrafficShifted of mesh/shop/",
    ),
    "delete, sealed anew": (
        sealed(lambda _: without(3, 3)),
        "mesh chain: one of the events 1 to {signed} is not what checkpoint",
    ),
    "reorder, sealed anew": (
        sealed(lambda _: lambda rows: [rows[0], rows[2], rows[1], *rows[3:]]),
        "mesh chain: event 2 (",
    ),
    "replace, sealed anew": (
        sealed(lambda _: lambda rows: [*rows[:2], rows[1], *rows[3:]]),
        "mesh chain: event 3 (",
    ),
    "truncate": (
        sealed(lambda t: without(t.signed, t.head)),
        "mesh chain: it ends at event {before}, but checkpoint",
    ),
    "truncate what proxies said": (
        sealed(lambda _: without(3, 9), Chain.DELIVERY),
        "delivery chain: it ends at event 2, but checkpoint",
    ),
    "truncate behind the checkpoint, and take the branch back": (
        truncated_with_git,
        "git: the branch is at ",
    ),
    "swap the whole file": (
        swapped,
        "mesh chain: one of the events 1 to {signed} is not what checkpoint",
    ),
    "rewrite git history": (
        history_rewritten,
        "the last commit of the log: history was rewritten, and no server has seen it",
    ),
    "forge a commit and remove its objects": (
        evidence_removed,
        "git: the branch leads to {tip}, but not all of that commit can be read",
    ),
    "forge a commit and damage its objects": (
        evidence_damaged,
        "git: the branch leads to {tip}, but not all of that commit can be read",
    ),
    "leave a commit out and replace it in git": (
        in_its_place,
        "by git, the commit before it is {before_tip}",
    ),
    "sign with another key": (checkpoint_forged, "not signed by the expected key"),
    "remove the checkpoints": (
        checkpoints_removed,
        "refs/gitmesh/checkpoints has no checkpoint, although a key is given",
    ),
}


@pytest.mark.parametrize("how", TABLE)
def test_tampering_is_detected_and_named(town: Town, how: str) -> None:
    tamper, expected = TABLE[how]
    with outsider(town.log) as connection:
        (subject,) = connection.execute(
            f"SELECT subject FROM {TABLES[Chain.MESH]} WHERE seq = 3"
        ).fetchone()
    tip, before_tip = (git(town.bare, "rev-parse", "--short=7", n) for n in ("main", "main~1"))
    tamper(town)
    done = town.verify()
    assert done.code == 1
    line = expected.format(
        signed=town.signed,
        head=town.head,
        before=town.signed - 1,
        subject3=subject,
        tip=tip,
        before_tip=before_tip,
    )
    assert line in done.out
    assert "the log is intact" not in done.out


NONSENSE = {
    "no JSON": "UPDATE mesh_events SET data = '{{' WHERE seq = {head}",
    "a list": "UPDATE mesh_events SET data = '[]' WHERE seq = {head}",
    "nothing": "UPDATE mesh_events SET data = '{{}}' WHERE seq = {head}",
    "no text": "UPDATE mesh_events SET actor = CAST(X'ff' AS TEXT) WHERE seq = {head}",
    "a kind that is none": "UPDATE mesh_events SET kind = 'Nope' WHERE seq BETWEEN 2 AND {head}",
    "a hash that is none": "UPDATE mesh_events SET hash = 'zz' WHERE seq = 3",
    "no hash before": "UPDATE mesh_events SET prev_hash = 'zz' WHERE seq = 3",
    "a form of the future": "UPDATE mesh_events SET v = 99 WHERE seq = {head}",
    "no events": "DELETE FROM mesh_events",
    "no time": "UPDATE delivery_events SET at = 'x'",
}
QUESTIONS = (
    *(("verify",), ("log",), ("log", "--commits"), ("show", "main"), ("status",)),
    *(("export",), ("export", "--format", "csv"), ("state",), ("diff", "20", "22"), ("prove", "3")),
    ("wait", "main", "--timeout", "0"),
    ("rollback", "main~1", "--dry-run"),
    ("blame", "mesh/shop/virtualRouter/cart/route/all"),
)


@pytest.mark.parametrize("what", NONSENSE)
def test_no_question_is_answered_by_a_fault_of_ours(town: Town, what: str) -> None:
    """What somebody wrote into the file is a finding, or damage that is named."""
    sql(NONSENSE[what].format(head=town.head))(town)
    assert town.verify().code == 1
    for question in QUESTIONS:
        done = gitmesh(*question, "--repo", town.bare)
        assert done.code in range(6), f"{question}: {done.err}"
    signed = gitmesh("checkpoint", town.bare, "--key", town.key)
    assert signed.code in range(6), signed.err


def test_a_checkpoint_that_was_kept_elsewhere_finds_what_nothing_here_can(town: Town) -> None:
    """Who may write both the log and the refs can take both back; not what somebody fetched."""
    kept = town.bare.parent / "kept.txt"
    kept.write_text(git(town.bare, "show", "refs/gitmesh/checkpoints:delivery") + "\n")
    git(town.bare, "update-ref", "-d", "refs/gitmesh/checkpoints")
    forge(town.log, without(3, 9), Chain.DELIVERY)
    assert gitmesh("verify", town.bare).code == 0
    done = town.verify("--checkpoint", kept)
    assert done.code == 1
    assert f"delivery chain: it ends at event 2, but {kept} was signed of 5 events" in done.out


def test_the_branch_that_was_followed_can_be_named(town: Town) -> None:
    git(town.bare, "branch", "live", "main")
    git(town.bare, "update-ref", "refs/heads/main", "main~2")
    assert "another branch was followed (--branch)" in town.verify().out
    assert town.verify("--branch", "live").code == 0
    gone = town.verify("--branch", "nowhere")
    assert gone.code == 1
    assert "git: branch 'nowhere' has no commit" in gone.out


def test_force_pushes_are_the_logs_word_until_they_are_signed(town: Town) -> None:
    """A log may say that the branch was at a commit that it never was at: git cannot tell."""
    note = "git: only the log says that the branch was rewritten once"
    assert note not in town.verify().out
    put(town.bare, sample_files(shares(99)), message="elsewhere", minute=4)
    git(town.bare, "update-ref", "refs/heads/elsewhere", "main")
    follow(town.bare)
    git(town.bare, "update-ref", "refs/heads/main", "main~1")
    put(town.bare, sample_files(shares(5)), minute=5)
    follow(town.bare)
    done = town.verify()
    assert (done.code, note in done.out) == (0, True)
    assert gitmesh("checkpoint", town.bare, "--key", town.key).code == 0
    assert note not in town.verify().out
    assert note in gitmesh("verify", town.bare).out, "signatures were not checked"


def test_grafts_are_refused_by_name(town: Town) -> None:
    """Git shows them as history; two servers of one history would log two."""
    grafts = town.bare / "info" / "grafts"
    grafts.parent.mkdir(exist_ok=True)
    grafts.write_text("")
    assert town.verify().code == 0
    grafts.write_text(git(town.bare, "rev-parse", "main") + "\n")
    refused = town.verify()
    assert (refused.code, str(grafts) in refused.err) == (3, True)
    assert "git replace --convert-graft-file" in refused.err


def test_a_shallow_clone_can_be_a_witness_of_what_it_has(town: Town, tmp_path: Path) -> None:
    """Nobody took anything from it: it never had the beginning."""
    clone = tmp_path / "clone.git"
    git(tmp_path, "clone", "--quiet", "--bare", "--depth=2", town.bare.as_uri(), str(clone))
    done = gitmesh("verify", clone, "--log", town.log)
    assert done.code == 0
    assert "cannot be checked, because this shallow clone lacks " in done.out
    (clone / "shallow").unlink()
    assert (
        "but not all of that commit can be read" in gitmesh("verify", clone, "--log", town.log).out
    )


def test_json_tells_the_same(town: Town) -> None:
    told = town.verify("--json").json()
    assert (told["ok"], told["problems"]) == (True, [])
    assert len(told["notes"]) == 2
    checkpoints_removed(town)
    told = town.verify("--json").json()
    assert told["ok"] is False
    assert len(told["problems"]) == 1


def test_a_log_alone_is_compared_with_no_repository(town: Town, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite3"
    assert gitmesh("backup", copy, town.bare).code == 0
    done = gitmesh("verify", "--log", copy)
    assert done.code == 0
    assert "git:" not in done.out
    assert "git:" in gitmesh("verify", town.bare, "--log", copy).out
    assert "git:" not in gitmesh("verify", town.bare, "--log", copy, "--no-git").out


def test_it_is_told_what_was_not_looked_at(town: Town, tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text(git(town.bare, "show", f"{REF}:mesh") + "\n")
    alone = town.verify("--no-git")
    assert alone.out.splitlines()[-2:] == [
        "not checked: the repository (--repo): its history and its checkpoints: "
        "a shortened or replaced log would not be detected",
        "the log is intact, as far as it was checked",
    ]
    beside = town.verify("--no-git", "--checkpoint", kept)
    assert beside.out.splitlines()[-3:-1] == [
        "not checked: the repository (--repo): its history and its checkpoints",
        "1 checkpoint signed, the longest of 22 mesh events",
    ]
    assert town.verify("--no-git", "--json").json()["unasked"] == ["git", "checkpoints"]
    assert town.verify("--json").json()["unasked"] == []
    assert town.verify().out.endswith("\nthe log is intact\n")
