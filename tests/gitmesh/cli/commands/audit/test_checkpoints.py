"""Keys, checkpoints and proofs on the command line."""

import base64
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from events.integrity import proof as proofs
from events.integrity.checkpoint import Growing, sign
from events.integrity.proof import WrongProof
from events.opening import open_for_reading, open_for_writing
from events.types import START, Chain, ProxyConnected, ProxyDisconnected, Seq
from gitmesh.audit.checkpoint_keys import read_secret
from gitmesh.audit.checkpoint_signer import CheckpointSigner, Refused
from gitmesh.demo.sample import shares
from gitmesh.queries.log_location import log_path
from reconciler.git.checkpoint_ref import REF, CheckpointRef
from reconciler.git.repository import GitRepository
from tests.support.command_line import Ran, gitmesh
from tests.support.following import follow
from tests.support.forger import forge, without
from tests.support.git import Repo, git, put
from tests.support.logs import unprotected
from tests.support.sample_shop import sample_files
from tests.support.server import Server

NODE = "mesh/shop/virtualNode/web"
DELIVERY = (ProxyConnected(NODE, "1", "envoy"), ProxyDisconnected(NODE, "1", "gone"))


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "shop.key"
    assert gitmesh("keygen", path, "--name", "shop.example").code == 0
    return path


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    bare = Repo(tmp_path).origin
    put(bare, sample_files())
    return bare


def length(bare: Path) -> int:
    """Return how many mesh events the log has."""
    return int(gitmesh("verify", bare, "--no-git", "--json").json()["heads"]["mesh"]["seq"])


def signed(bare: Path, chain: str = "mesh") -> int:
    """Return the size of the newest checkpoint."""
    return int(git(bare, "show", f"{REF}:{chain}").split("\n")[1])


# ---- keys ---------------------------------------------------------------------------------------


def test_a_key_is_secret_and_its_public_part_is_not(tmp_path: Path) -> None:
    path = tmp_path / "shop.key"
    made = gitmesh("keygen", path, "--name", "shop.example", "--json").json()
    assert path.stat().st_mode & 0o777 == 0o600
    public = path.with_name("shop.key.pub").read_text().splitlines()
    assert made == {"key": str(path), "public": public}
    secret = base64.b64decode(path.read_text().strip().split("+", 3)[3])
    assert base64.b64encode(secret[1:]).decode() not in "".join(public)


def test_a_key_is_never_overwritten(key: Path) -> None:
    before = key.read_bytes()
    refused = gitmesh("keygen", key, "--name", "shop.example")
    assert refused.code == 2
    assert "File exists" in refused.err
    assert key.read_bytes() == before


def test_a_key_is_not_put_where_git_could_take_it_along(bare: Path) -> None:
    for folder in (bare, bare.parent / "work"):
        refused = gitmesh("keygen", folder / "shop.key", "--name", "shop.example")
        assert refused.code == 2
        assert "would be inside the repository" in refused.err
        assert not (folder / "shop.key").exists()


def test_a_key_that_others_can_read_signs_nothing(bare: Path, key: Path, tmp_path: Path) -> None:
    follow(bare)
    copy = tmp_path / "copy.key"
    copy.write_bytes(key.read_bytes())
    copy.chmod(0o640)
    refused = gitmesh("checkpoint", bare, "--key", copy)
    assert refused.code == 2
    assert "chmod 600" in refused.err


def test_the_wrong_half_of_a_key_is_told_with_the_right_one(bare: Path, key: Path) -> None:
    follow(bare)
    signing = gitmesh("checkpoint", bare, "--key", f"{key}.pub")
    assert (signing.code, f"{key}.pub is not a secret key" in signing.err) == (2, True)
    assert "chmod" not in signing.err
    checking = gitmesh("verify", bare, "--key", key)
    assert (checking.code, f"use its public key: {key}.pub" in checking.err) == (2, True)
    missing = gitmesh("verify", bare, "--key", "nowhere")
    assert missing.err.startswith("error: nowhere cannot be read: No such file or directory\n")


def test_no_key_is_told(bare: Path) -> None:
    follow(bare)
    assert "gitmesh keygen" in gitmesh("checkpoint", bare).err


# ---- checkpoints --------------------------------------------------------------------------------


def test_a_checkpoint_is_filed_on_top_of_the_last_when_something_is_new(
    bare: Path, key: Path
) -> None:
    size = follow(bare, DELIVERY)
    first = gitmesh("checkpoint", bare, "--key", key, "--json").json()
    assert first["signed"] == {"mesh": size, "delivery": 3}
    again = gitmesh("checkpoint", bare, "--key", key)
    assert (again.code, again.out) == (0, "nothing is new since the last checkpoint\n")
    put(bare, sample_files(shares(10)))
    follow(bare)
    second = gitmesh("checkpoint", bare, GITMESH_CHECKPOINT_KEY=str(key))
    assert second.code == 0
    assert git(bare, "rev-parse", f"{REF}^") == first["commit"]
    assert signed(bare) == size + 2


def test_an_empty_log_is_not_signed(tmp_path: Path, key: Path) -> None:
    bare = Repo(tmp_path).origin
    open_for_writing(log_path(bare)).close()
    assert gitmesh("checkpoint", bare, "--key", key).code == 0
    assert git(bare, "for-each-ref") == ""


def test_what_was_cut_off_is_not_signed_over(bare: Path, key: Path) -> None:
    put(bare, sample_files(shares(10)))
    size = follow(bare)
    assert gitmesh("checkpoint", bare, "--key", key).code == 0
    forge(log_path(bare), without(size, size))
    refused = gitmesh("checkpoint", bare, "--key", key)
    assert refused.code == 1
    assert f"the mesh chain has {size - 1} events; {size} were signed" in refused.err
    forge(log_path(bare), lambda rows: [*rows, rows[-1]])
    refused = gitmesh("checkpoint", bare, "--key", key)
    assert refused.code == 1
    assert "the mesh chain is not the one that was signed" in refused.err
    assert signed(bare) == size


def test_a_checkpoint_of_somebody_else_is_not_built_upon(
    bare: Path, key: Path, tmp_path: Path
) -> None:
    follow(bare)
    other = tmp_path / "other.key"
    gitmesh("keygen", other, "--name", "shop.example")
    assert gitmesh("checkpoint", bare, "--key", other).code == 0
    refused = gitmesh("checkpoint", bare, "--key", key)
    assert refused.code == 1
    assert "this key did not sign" in refused.err


def test_nobody_can_push_to_the_refs_of_a_repository_that_init_made(tmp_path: Path) -> None:
    bare = tmp_path / "shop.git"
    assert gitmesh("init", bare).code == 0
    repo = Repo(tmp_path)
    repo.commit({"a": "b"})
    with pytest.raises(AssertionError, match="hidden ref"):
        repo.git("push", "--quiet", str(bare), f"HEAD:{REF}")
    repo.git("push", "--quiet", str(bare), "HEAD:main")


def test_a_new_key_goes_on_where_the_old_one_is_named_beside_it(
    bare: Path, key: Path, tmp_path: Path
) -> None:
    new = tmp_path / "new.key"
    assert gitmesh("keygen", new, "--name", "new.example").code == 0
    follow(bare)
    assert gitmesh("checkpoint", bare, "--key", key).code == 0
    kept = tmp_path / "kept.txt"
    kept.write_text(git(bare, "show", f"{REF}:mesh") + "\n")
    put(bare, sample_files(shares(10)))
    follow(bare)
    refused = gitmesh("checkpoint", bare, "--key", new)
    assert refused.code == 1
    assert "it is not signed by the expected key" in refused.err
    public = new.with_name("new.key.pub")
    public.write_text(public.read_text() + key.with_name("shop.key.pub").read_text())
    assert gitmesh("checkpoint", bare, "--key", new).code == 0
    put(bare, sample_files(shares(20)))
    with Server(bare, "--checkpoint-key", str(new)) as server:
        server.wait_for("ready")
        server.wait_until(lambda: signed(bare) == 24)
        assert server.stop(signal.SIGTERM) == 0
    assert gitmesh("verify", bare, "--key", public).code == 0
    assert gitmesh("verify", bare, "--key", key.with_name("shop.key.pub")).code == 1
    growth = tmp_path / "growth.json"
    growth.write_text(gitmesh("prove", "--since", kept, bare).out)
    grown = gitmesh("prove", "--check", growth, "--key", public)
    assert (grown.code, "begins with the 20 that it had before" in grown.out) == (0, True)


def test_other_times_are_not_signed_over(bare: Path, key: Path) -> None:
    """No hash of the mesh chain seals them, and what was live at a time is found by them."""
    follow(bare)
    assert gitmesh("checkpoint", bare, "--key", key).code == 0
    put(bare, sample_files(shares(10)))
    follow(bare)
    with unprotected(log_path(bare)) as connection:
        connection.execute("UPDATE mesh_events SET at = '2019-01-01T00:00:00.000000Z' WHERE seq=1")
    refused = gitmesh("checkpoint", bare, "--key", key)
    assert refused.code == 1
    assert "the times in the mesh chain are not those that were signed" in refused.err


def test_what_was_signed_is_not_taken_back_while_a_server_signs(bare: Path, key: Path) -> None:
    """Whoever may move the ref could have a forged log signed as if it were the first."""
    follow(bare)
    with open_for_reading(log_path(bare)) as log:
        signer = CheckpointSigner(log, GitRepository.open(bare), read_secret(key))
        first = signer.sign()
        assert first is not None
        put(bare, sample_files(shares(10)))
        follow(bare)
        second = signer.sign()
        assert second is not None
        git(bare, "update-ref", REF, first.commit)
        for _ in range(2):
            with pytest.raises(
                Refused, match="was moved back, although 22 mesh events and 1 delivery"
            ):
                signer.sign()
        git(bare, "update-ref", "-d", REF)
        for _ in range(2):
            with pytest.raises(Refused, match="no longer exists, although 22 mesh events and 1 "):
                signer.sign()
        assert gitmesh("checkpoint", bare, "--key", key).code == 0, "by hand a new line begins"
        put(bare, sample_files(shares(20)))
        follow(bare)
        assert signer.sign() is not None
    assert signed(bare) == 24


def test_a_server_with_a_key_signs_after_commits_and_when_it_ends(bare: Path, key: Path) -> None:
    def of_server(size: int) -> bool:
        return REF in git(bare, "for-each-ref") and signed(bare) == size

    with Server(bare, "--checkpoint-key", str(key)) as server:
        server.wait_for("ready")
        server.wait_until(lambda: of_server(20))
        put(bare, sample_files(shares(10)))
        server.wait_until(lambda: of_server(22))
        put(bare, sample_files(shares(0)))
        server.wait_until(lambda: length(bare) == 24)
        assert server.stop(signal.SIGTERM) == 0
    assert signed(bare) == 24
    assert gitmesh("verify", bare, "--key", f"{key}.pub").code == 0


def test_a_server_whose_log_was_cut_serves_on_and_signs_nothing(bare: Path, key: Path) -> None:
    size = follow(bare, DELIVERY)
    assert gitmesh("checkpoint", bare, "--key", key).code == 0
    forge(log_path(bare), without(2, 2), Chain.DELIVERY)
    with Server(bare, "--checkpoint-key", str(key)) as server:
        server.wait_for("ready")
        # In which words depends on whether the server has added an event of its own by then.
        said = (
            "no checkpoint is signed: the delivery chain has 2 events; 3 were signed",
            "no checkpoint is signed: the delivery chain is not the one that was signed",
        )
        server.wait_until(
            lambda: any(
                line["message"] in said and line["level"] == "ERROR" for line in server.lines()
            )
        )
        assert server.stop() == 0
    assert signed(bare) == size


# ---- proofs -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, key: Path) -> Path:
    bare = Repo(tmp_path_factory.mktemp("proofs")).origin
    put(bare, sample_files())
    put(bare, sample_files(shares(10)))
    follow(bare, DELIVERY)
    assert gitmesh("checkpoint", bare, "--key", key).code == 0
    put(bare, sample_files(shares(25)))
    follow(bare)
    return bare


def check(proof: object, folder: Path, key: Path) -> Ran:
    file = folder / "proof.json"
    file.write_text(proof if isinstance(proof, str) else json.dumps(proof))
    return gitmesh("prove", "--check", file, "--key", f"{key}.pub")


@pytest.mark.parametrize("seq", [1, 2, 21, 22])
def test_a_proof_is_checked_with_the_public_key_alone(
    shop: Path, key: Path, tmp_path: Path, seq: int
) -> None:
    proof = gitmesh("prove", seq, shop)
    assert proof.code == 0
    done = check(proof.out, tmp_path, key)
    assert done.code == 0
    assert done.out.startswith(f"event {seq} of the mesh chain, ")
    assert done.out.endswith("in the log that shop.example/mesh signed when it had 22 events\n")


def test_what_proxies_did_is_proven_as_well(shop: Path, key: Path, tmp_path: Path) -> None:
    done = check(gitmesh("prove", 3, shop, "--chain", "delivery").out, tmp_path, key)
    assert (done.code, "event 3 of the delivery chain, ProxyDisconnected" in done.out) == (0, True)
    assert ", written at 2026-" in done.out


def test_when_an_event_was_written_is_proven(shop: Path, key: Path, tmp_path: Path) -> None:
    """No hash of the mesh chain seals it; the proof leads to a root of its own."""
    with open_for_reading(log_path(shop)) as log:
        [row] = log.rows(Chain.MESH, after=Seq(21), limit=1)
    at = row.at
    done = check(gitmesh("prove", 22, shop).out, tmp_path, key)
    assert f", written at {at}, is in the log" in done.out
    file = tmp_path / "proof.json"
    told = gitmesh("prove", "--check", file, "--key", f"{key}.pub", "--json").json()
    assert told["at"] == at


def test_a_proof_that_leaves_the_time_out_says_so(proof: str, key: Path, tmp_path: Path) -> None:
    left_out = {k: v for k, v in json.loads(proof).items() if k not in ("at", "timePath")}
    done = check(left_out, tmp_path, key)
    assert done.code == 0
    assert "written at" not in done.out
    assert "its time is not proven" in done.out


def test_no_time_is_proven_by_a_checkpoint_of_an_older_gitmesh(
    bare: Path, key: Path, tmp_path: Path
) -> None:
    follow(bare)
    signer = read_secret(key)
    with open_for_reading(log_path(bare)) as log:
        grown = {chain: Growing(chain) for chain in Chain}
        for chain, each in grown.items():
            for row in log.rows(chain, after=START, limit=log.head(chain).seq):
                each.add(row)
    notes = {c.value: sign(c, g.size, g.root(), signer, g.times()) for c, g in grown.items()}
    CheckpointRef(GitRepository.open(bare)).add(notes, None, "of an older gitmesh")
    assert gitmesh("verify", bare, "--key", f"{key}.pub").code == 0
    done = check(gitmesh("prove", 3, bare).out, tmp_path, key)
    assert (done.code, "its time is not proven" in done.out) == (0, True)
    forged = {**gitmesh("prove", 3, bare).json(), "at": "2026-11-23T00:00:00.000000Z"}
    refused = check({**forged, "timePath": []}, tmp_path, key)
    assert (refused.code, "has no root of the times" in refused.out) == (1, True)


def test_nothing_is_proven_of_times_that_were_changed(bare: Path, key: Path) -> None:
    follow(bare)
    assert gitmesh("checkpoint", bare, "--key", key).code == 0
    with unprotected(log_path(bare)) as connection:
        connection.execute("UPDATE mesh_events SET at = '2019-01-01T00:00:00.000000Z'")
    refused = gitmesh("prove", 3, bare)
    assert (refused.code, "the times in the log do not match" in refused.err) == (3, True)


def test_a_proof_shows_one_event_and_no_other(shop: Path) -> None:
    proof = gitmesh("prove", 22, shop).json()
    assert proof.keys() == {"format", "chain", "event", "path", "checkpoint", "at", "timePath"}
    assert len(proof["path"]) == len(proof["timePath"]) == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((99,), "has no event 99"),
        ((23,), "covers 22 events, not event 23"),
        ((), "give the number or the commit of an event"),
    ],
)
def test_what_cannot_be_proven_is_told(shop: Path, arguments: tuple[int, ...], words: str) -> None:
    refused = gitmesh("prove", *arguments, *([shop] if arguments else []))
    assert refused.code == 2
    assert words in refused.err


def test_without_a_checkpoint_nothing_can_be_proven(bare: Path) -> None:
    follow(bare)
    refused = gitmesh("prove", 1, bare)
    assert refused.code == 2
    assert "gitmesh keygen" in refused.err


@pytest.fixture(scope="module")
def proof(shop: Path) -> str:
    return gitmesh("prove", 22, shop).out


NOT_SIGNED = "the checkpoint is not valid"
SPOILT: dict[str, tuple[Callable[[Any], object], str]] = {
    "another weight": (lambda p: p["event"]["data"].update(path="x"), "does not match its hash"),
    "another author": (lambda p: p["event"].update(actor="Mallory"), "does not match its hash"),
    "another hash": (lambda p: p["event"].update(hash="0" * 64), "does not match its hash"),
    "another place": (lambda p: p["event"].update(seq=21), "does not match its hash"),
    "another chain": (lambda p: p.update(chain="delivery"), "it is not a proof"),
    "a longer path": (lambda p: p["path"].append(p["path"][0]), "does not lead to the root"),
    "a shorter path": (lambda p: p["path"].pop(), "does not lead to the root"),
    "another path": (lambda p: p["path"].reverse(), "not in the log"),
    "a path without end": (lambda p: p.update(path=p["path"] * 99), "it is not a proof"),
    "another size": (
        lambda p: p.update(checkpoint=p["checkpoint"].replace("\n22\n", "\n23\n")),
        NOT_SIGNED,
    ),
    "no checkpoint": (lambda p: p.update(checkpoint=""), NOT_SIGNED),
    "a number for a name": (lambda p: p["event"].update(actor=7), "it is not a proof"),
    "a fraction": (lambda p: p["event"]["data"].update(path=0.5), "it is not a proof"),
    "a time, which nothing protects": (
        lambda p: p["event"].update(at="2026-11-23T00:00:00.000000Z"),
        "it is not a proof",
    ),
    "another time": (
        lambda p: p.update(at="2026-11-23T00:00:00.000000Z"),
        "the time of the event does not match",
    ),
    "the time of another": (
        lambda p: p["timePath"].reverse(),
        "the time of the event does not match",
    ),
    "a shorter path of the time": (lambda p: p["timePath"].pop(), "does not lead to the root"),
    "no path of the time": (lambda p: p.pop("timePath"), "data about the time are invalid"),
    "a path and no time": (lambda p: p.pop("at"), "data about the time are invalid"),
    "a path of the time without end": (
        lambda p: p.update(timePath=p["timePath"] * 99),
        "it is not a proof",
    ),
    "a column more": (lambda p: p["event"].update(more=""), "it is not a proof"),
    "a part less": (lambda p: p.pop("event"), "it is not a proof"),
    "another format": (lambda p: p.update(format="2"), "it is not a proof"),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_proof_that_was_touched_proves_nothing(
    proof: str, key: Path, tmp_path: Path, how: str
) -> None:
    spoil, words = SPOILT[how]
    spoilt = json.loads(proof)
    spoil(spoilt)
    done = check(spoilt, tmp_path, key)
    assert done.code == 1
    assert words in done.out


@pytest.mark.parametrize(
    ("written", "instead", "words"),
    [
        ('"actor": ', '"actor": "Mallory", "actor": ', "it has two fields with the same name"),
        ('"chain": ', '"chain": "delivery", "chain": ', "it has two fields with the same name"),
        ('"prev_hash": "', '"prev_hash": " ', "it is not a proof"),
        ('"data": {', '"data": {"x": NaN, ', "it is not a proof"),
    ],
    ids=["an actor twice", "a chain twice", "a space", "no number"],
)
def test_what_a_person_would_read_otherwise_proves_nothing(
    proof: str, key: Path, tmp_path: Path, written: str, instead: str, words: str
) -> None:
    assert written in proof
    done = check(proof.replace(written, instead, 1), tmp_path, key)
    assert done.code == 1
    assert words in done.out


def test_a_value_that_is_nested_without_end_proves_nothing(proof: str) -> None:
    """A little less deep than what is no JSON any more, as deep as the machine's stack is not."""
    spoilt = json.loads(proof)
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    spoilt["event"]["data"]["x"] = deep
    with pytest.raises(WrongProof, match="it is not a proof"):
        proofs.check(spoilt, [])


def test_a_log_is_shown_to_have_only_grown(bare: Path, key: Path, tmp_path: Path) -> None:
    follow(bare)
    assert gitmesh("checkpoint", bare, "--key", key).code == 0
    kept = tmp_path / "kept.txt"
    kept.write_text(git(bare, "show", f"{REF}:mesh") + "\n")
    put(bare, sample_files(shares(10)))
    follow(bare)
    assert gitmesh("checkpoint", bare, "--key", key).code == 0
    grown = gitmesh("prove", "--since", kept, bare).json()
    done = check(grown, tmp_path, key)
    assert done.code == 0
    assert done.out == (
        "the log that shop.example/mesh signed when it had 22 events begins with the 20 that it "
        "had before\n"
    )
    for spoilt in (
        {**grown, "path": grown["path"][1:]},
        {**grown, "path": 7},
        {**grown, "older": grown["newer"]},
        {**grown, "older": grown["older"].replace("\n20\n", "\n19\n")},
        {**grown, "chain": "delivery"},
        {key: value for key, value in grown.items() if key != "newer"},
    ):
        assert check(spoilt, tmp_path, key).code == 1
    forge(log_path(bare), lambda rows: [rows[0], rows[2], rows[1], *rows[3:]])
    refused = gitmesh("prove", "--since", kept, bare)
    assert refused.code == 3
    assert "does not match" in refused.err


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '{"format": 1}'])
def test_what_is_no_proof_proves_nothing(key: Path, tmp_path: Path, text: str) -> None:
    done = check(text, tmp_path, key)
    assert (done.code, done.err) == (1, "")


def test_the_proof_of_another_key_proves_nothing(proof: str, tmp_path: Path) -> None:
    other = tmp_path / "other.key"
    gitmesh("keygen", other, "--name", "shop.example")
    done = check(proof, tmp_path, other)
    assert done.code == 1
    assert NOT_SIGNED in done.out


def test_a_proof_is_checked_against_some_key(proof: str, tmp_path: Path) -> None:
    (tmp_path / "proof.json").write_text(proof)
    refused = gitmesh("prove", "--check", tmp_path / "proof.json")
    assert refused.code == 2
    assert "--key" in refused.err


def test_nothing_is_proven_from_a_log_that_was_touched(
    bare: Path, key: Path, tmp_path: Path
) -> None:
    follow(bare)
    assert gitmesh("checkpoint", bare, "--key", key).code == 0
    forge(log_path(bare), lambda rows: [rows[0], rows[2], rows[1], *rows[3:]])
    refused = gitmesh("prove", 5, bare)
    assert refused.code == 3
    assert "does not match the signed checkpoint" in refused.err
