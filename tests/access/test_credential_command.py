"""``gitmesh credential`` changes a file as a whole, and shows each secret once."""

import hashlib
import stat
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gitmesh.access.credential import AccessKey
from gitmesh.access.credential_file import CredentialFile
from gitmesh.cli import exit_codes
from gitmesh.json_shapes.page import SHAPES
from gitmesh.json_shapes.page import fields as shape_fields
from tests.gitmesh.cli.test_every_command import fields
from tests.support.command_line import gitmesh

COMMENTED = """\
# Everybody who may call.

[[role]]
name = "cart-team"     # carts
read = ["mesh/shop"]
write = ["mesh/shop/virtualNode/cart-*"]

# Alice leaves in June.
[[credential]]
access_key_id = "AKIDALICE"
secret_access_key = "the old secret of Alice"
name = "Alice"
role = "cart-team"

# Bob stays.
[[credential]]
access_key_id = "AKIDBOB"
secret_access_key = "the secret of Bob, too"
name = "Bob"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "credentials.toml"
    path.write_text(COMMENTED)
    path.chmod(0o600)
    return path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_first_credential_makes_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    made = gitmesh("credential", "add", path, "--name", "Ada", "--email", "ada@shop.example",
                   "--role", "write", "--mesh", "shop", "--json").json()  # fmt: skip
    assert mode(path) == 0o600
    key = CredentialFile(path).access_key(made["id"], datetime.now(UTC))
    assert key is not None
    assert (key.secret_access_key, key.name, key.role, key.meshes) == (
        made["secret"], "Ada", "write", ("shop",)
    )  # fmt: skip
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_holds_the_hash_of_a_token_alone(tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    made = gitmesh("credential", "add", path, "--name", "CI", "--token", "--json").json()
    text = path.read_text()
    secret = made["secret"].rpartition("_")[2]
    assert secret not in text
    assert tomllib.loads(text)["token"][0]["token_sha256"] == (
        hashlib.sha256(made["secret"].encode()).hexdigest()
    )


def test_no_answer_but_the_first_holds_a_secret(file: Path) -> None:
    made = gitmesh("credential", "add", file, "--name", "Ada", "--json").json()
    for options in ((), ("--json",)):
        listed = gitmesh("credential", "list", file, *options)
        assert made["id"] in listed.out
        assert "secret" not in listed.out.lower()
        assert made["secret"] not in listed.out
    gone = gitmesh("credential", "revoke", file, made["id"], "--json")
    assert made["secret"] not in gone.out


def test_a_revoked_credential_is_gone_and_the_rest_stays_as_it_was(file: Path) -> None:
    assert gitmesh("credential", "revoke", file, "AKIDALICE").code == 0
    head, _, rest = COMMENTED.partition("[[credential]]")
    assert file.read_text() == head + rest[rest.index("# Bob stays.") :]
    assert mode(file) == 0o600
    again = gitmesh("credential", "revoke", file, "AKIDALICE")
    assert (again.code, "has no credential 'AKIDALICE'" in again.err) == (exit_codes.USAGE, True)


def test_a_rotated_credential_has_an_heir_and_ends(file: Path) -> None:
    before = datetime.now(UTC)
    made = gitmesh("credential", "rotate", file, "AKIDALICE", "--overlap", "2h", "--json").json()
    credentials = CredentialFile(file)
    for hours, old_is_valid in ((1, True), (3, False)):
        at = before + timedelta(hours=hours)
        assert (credentials.access_key("AKIDALICE", at) is not None) == old_is_valid
        new = credentials.access_key(made["id"], at)
        assert isinstance(new, AccessKey)
        assert (new.name, new.role, new.secret_access_key) == ("Alice", "cart-team", made["secret"])
    assert credentials.permission(made["id"]) == credentials.permission("AKIDALICE")
    assert "# Alice leaves in June." in file.read_text()
    rotated = gitmesh("credential", "rotate", file, made["id"], "--overlap", "0s", "--json").json()
    assert rotated["until"] is None
    assert CredentialFile(file).access_key(made["id"], before) is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--name", "Ada", "--role", "cart"], "the role 'cart' is not defined"),
        (["--name", "Ada\nrole = 'write'"], "name:"),
        (["--name", "Ada", "--email", "a b"], "email:"),
        (["--name", "Ada", "--expires", "soon"], "'soon' is not a time"),
    ],
)
def test_a_wrong_credential_changes_nothing(file: Path, arguments: list[str], words: str) -> None:
    refused = gitmesh("credential", "add", file, *arguments)
    assert (refused.code, words in refused.err) == (exit_codes.USAGE, True), refused.err
    assert file.read_text() == COMMENTED


@pytest.mark.parametrize("command", ["add", "revoke", "rotate"])
def test_an_unusable_file_is_left_as_it_is(file: Path, command: str) -> None:
    rest = ["--name", "Ada"] if command == "add" else ["AKIDALICE"]
    file.chmod(0o640)
    assert "can be read by other users" in gitmesh("credential", command, file, *rest).err
    file.write_text("[[credential]]\nsecret_access_key = 'never to be shown'\n")
    file.chmod(0o600)
    refused = gitmesh("credential", command, file, *rest)
    assert refused.code == exit_codes.USAGE
    assert "never to be shown" not in refused.err


def test_an_unusual_layout_is_changed_by_hand(file: Path) -> None:
    inline = (
        'credential = [{access_key_id="AKIDX", secret_access_key="sixteen letters!", name="X"}]'
    )
    file.write_text(inline)
    refused = gitmesh("credential", "revoke", file, "AKIDX")
    assert (refused.code, "by hand" in refused.err) == (exit_codes.USAGE, True)
    assert file.read_text() == inline


def test_answers_have_the_fields_of_their_shapes(file: Path) -> None:
    for name, arguments in {
        "add": ["--name", "Ada"],
        "list": [],
        "rotate": ["AKIDBOB"],
        "revoke": ["AKIDALICE"],
    }.items():
        answer = gitmesh("credential", name, file, *arguments, "--json").json()
        known = {each.rstrip("?") for each in shape_fields(SHAPES[f"credential {name}"])}
        assert set(fields(answer)) <= known
