"""Signed notes and checkpoints: foreign notes can be read, unsigned ones are rejected."""

import hashlib
from base64 import b64encode

import pytest

from events.integrity.chain import GENESIS, Row
from events.integrity.checkpoint import Checkpoint, Growing, origin_of, sign, verified, verifiers
from events.integrity.note import SignerKey, VerifierKey, WrongNote, text_of, verified_text
from events.types import Chain
from mesh.errors import UsageError

# The example in the documentation of Go's golang.org/x/mod/sumdb/note.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
GO_NOTE = (
    f"{GO_TEXT}\n\N{EM DASH} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFY"
    "C2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
KEY = SignerKey.generate("shop.example")
ROOT = bytes(range(32))


def test_a_note_that_go_signed_is_believed() -> None:
    key = VerifierKey.parse(GO_KEY)
    assert verified_text(GO_NOTE, [key]) == GO_TEXT
    assert str(key) == GO_KEY


def test_a_key_survives_its_files() -> None:
    again = SignerKey.parse(KEY.secret_text())
    assert again == KEY
    public = verifiers(again)
    assert [VerifierKey.parse(f"{each}\n") for each in public] == public
    assert [key.name for key in public] == ["shop.example/mesh", "shop.example/delivery"]


def test_the_secret_shows_in_no_representation() -> None:
    assert repr(KEY) == "SignerKey(name='shop.example')"


@pytest.mark.parametrize("chain", Chain)
def test_a_checkpoint_is_three_lines_and_a_signature(chain: Chain) -> None:
    note = sign(chain, 7, ROOT, KEY)
    text, _, signature = note.partition("\n\n")
    assert text.split("\n") == [
        f"shop.example/{chain}",
        "7",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    ]
    assert signature.startswith(f"\N{EM DASH} shop.example/{chain} ")
    assert verified(note, chain, verifiers(KEY)) == Checkpoint(origin_of(KEY.name, chain), 7, ROOT)


def test_a_fourth_line_says_what_the_times_come_to() -> None:
    note = sign(Chain.MESH, 7, ROOT, KEY, ROOT)
    assert note.split("\n")[3] == "times AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    origin = origin_of(KEY.name, Chain.MESH)
    assert verified(note, Chain.MESH, verifiers(KEY)) == Checkpoint(origin, 7, ROOT, ROOT)


def row(seq: int, at: str) -> Row:
    return Row(seq, "CommitApplied", 1, "", "", "", at, "{}", GENESIS, f"{seq:064x}")


def test_times_are_told_apart_where_no_hash_seals_them() -> None:
    grown = {}
    for chain in Chain:
        for at in ("2026-11-25T03:12:00.000000Z", "2026-11-25T03:13:00.000000Z"):
            growing = grown[chain, at] = Growing(chain)
            growing.add(row(1, at))
            growing.add(row(2, "2026-11-25T04:00:00.000000Z"))
    (mesh, mesh_later), (delivery, _) = (
        [g for (c, _), g in grown.items() if c is x] for x in Chain
    )
    assert mesh.root() == mesh_later.root() == delivery.root()
    assert mesh.times() != mesh_later.times()
    assert delivery.times() is None
    assert mesh.times_root() != mesh_later.times_root()
    assert delivery.times_root() is None
    said = "gitmesh-times-v1\n1 2026-11-25T03:12:00.000000Z\n2 2026-11-25T04:00:00.000000Z\n"
    assert mesh.times() == hashlib.sha256(said.encode()).digest()


NOTE = sign(Chain.MESH, 7, ROOT, KEY)
FORGED = {
    "another size": NOTE.replace("\n7\n", "\n8\n"),
    "another origin": NOTE.replace("shop.example/mesh\n7", "shop.example/mush\n7"),
    "a line more": NOTE.replace("\n\n", "\nand so on\n\n"),
    "no signature": text_of(NOTE),
    "an empty signature": f"{text_of(NOTE)}\n\N{EM DASH} shop.example/mesh \n",
    "a signature that is no base64": NOTE[:-9] + "!" + NOTE[-8:],
    "another key of that name": sign(Chain.MESH, 7, ROOT, SignerKey.generate("shop.example")),
    "the other chain's": sign(Chain.DELIVERY, 7, ROOT, KEY),
    "no checkpoint, but signed": KEY.sign("hello\n", "shop.example/mesh"),
    "a size that is written oddly": KEY.sign(
        text_of(NOTE).replace("\n7\n", "\n007\n"), "shop.example/mesh"
    ),
    "a root that is too short": KEY.sign("shop.example/mesh\n7\nAAEC\n", "shop.example/mesh"),
    "a root that is written oddly": KEY.sign(
        text_of(NOTE).replace("AAEC", "AA.EC"), "shop.example/mesh"
    ),
    "times that are written oddly": KEY.sign(
        text_of(sign(Chain.MESH, 7, ROOT, KEY, ROOT)).replace("times AAEC", "times AA.EC"),
        "shop.example/mesh",
    ),
    "times that are none": KEY.sign(f"{text_of(NOTE)}times 7\n", "shop.example/mesh"),
    "times that are too short": KEY.sign(f"{text_of(NOTE)}times AAEC\n", "shop.example/mesh"),
    "times twice": KEY.sign(
        text_of(sign(Chain.MESH, 7, ROOT, KEY, ROOT)) + f"times {b64encode(ROOT).decode()}\n",
        "shop.example/mesh",
    ),
    "of another log, but signed": KEY.sign(
        text_of(NOTE).replace("shop", "shoe"), "shop.example/mesh"
    ),
    "nothing": "",
}


@pytest.mark.parametrize("note", FORGED.values(), ids=FORGED.keys())
def test_what_was_not_signed_as_this_chains_checkpoint_is_not_believed(note: str) -> None:
    with pytest.raises(WrongNote):
        verified(note, Chain.MESH, verifiers(KEY))


def test_signatures_of_others_below_do_no_harm() -> None:
    witness = SignerKey.generate("witness.example")
    theirs = witness.sign(text_of(NOTE), witness.name).rpartition("\n\n")[2]
    ours = NOTE.rpartition("\n\n")[2]
    for signatures in (ours + theirs, theirs + ours):
        note = f"{text_of(NOTE)}\n{signatures}"
        assert verified(note, Chain.MESH, verifiers(KEY)).size == 7


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "é", "x" * 300])
def test_a_name_that_a_note_cannot_hold_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a key"):
        SignerKey.generate(name)


@pytest.mark.parametrize("text", ["", "hello", "PRIVATE+KEY+a+AQ==", GO_KEY, "PRIVATE+KEY+a+?"])
def test_a_file_that_is_no_secret_key_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        SignerKey.parse(text)


@pytest.mark.parametrize("text", ["", "a", "a+b", GO_KEY.replace("c74f", "c74e"), GO_KEY[:-4]])
def test_a_line_that_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        VerifierKey.parse(text)
