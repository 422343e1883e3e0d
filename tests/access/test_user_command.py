"""``gitmesh user``: the file of people who sign in to the console."""

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from gitmesh.access.users.password import is_password
from gitmesh.access.users.user_file import UserFile
from gitmesh.cli.program import program
from tests.support.command_line import gitmesh

PASSWORD = "correct horse battery"


def add(file: Path, login: str, *options: str, password: str = PASSWORD, code: int = 0) -> str:
    """Run ``gitmesh user add``; return what it says."""
    arguments = ["user", "add", str(file), login, "--name", login.title(), "--password-stdin"]
    found = CliRunner().invoke(program, [*arguments, *options], input=f"{password}\n")
    assert found.exit_code == code, found.output
    return found.output


def test_users_are_added_listed_and_removed_and_comments_stay(tmp_path: Path) -> None:
    file = tmp_path / "users.toml"
    file.write_text('# our people\n[[role]]\nname = "cart"\nwrite = ["mesh/shop"]\n')
    file.chmod(0o600)
    add(file, "ada", "--role", "write", "--email", "ada@shop.example")
    add(file, "bob", "--role", "cart", "--mesh", "shop")
    listed = gitmesh("user", "list", file, "--json").json()["users"]
    assert [(each["login"], each["role"], each["meshes"]) for each in listed] == [
        ("ada", "write", []),
        ("bob", "cart", ["shop"]),
    ]
    assert "ada" in gitmesh("user", "list", file).out
    gitmesh("user", "remove", str(file), "ada")
    assert "ada" not in file.read_text()
    assert file.read_text().startswith("# our people\n")
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_file_has_an_argon2id_hash_and_never_the_password(tmp_path: Path) -> None:
    file = tmp_path / "users.toml"
    add(file, "ada")
    assert PASSWORD not in file.read_text()
    (user,) = tomllib.loads(file.read_text())["user"]
    assert user["password_hash"].startswith("$argon2id$")
    assert is_password(PASSWORD, user["password_hash"])
    assert not is_password(PASSWORD + "!", user["password_hash"])
    assert not is_password(PASSWORD, None)


@pytest.mark.parametrize(
    ("login", "options", "password", "told"),
    [
        ("ada", (), "short", "12 to 1,000 characters"),
        ("a b", (), PASSWORD, "login"),
        ("ada", ("--role", "none"), PASSWORD, "'none' is not defined"),
    ],
)
def test_a_user_that_cannot_be_is_refused_and_nothing_is_written(
    tmp_path: Path, login: str, options: tuple[str, ...], password: str, told: str
) -> None:
    file = tmp_path / "users.toml"
    assert told in add(file, login, *options, password=password, code=2)
    assert not file.exists()


def test_a_login_is_given_once(tmp_path: Path) -> None:
    file = tmp_path / "users.toml"
    add(file, "ada")
    assert "already" in add(file, "ada", code=2)


def test_a_server_reads_the_file_again_and_keeps_to_the_last_valid_one(tmp_path: Path) -> None:
    file = tmp_path / "users.toml"
    add(file, "ada")
    known = UserFile(file)
    add(file, "bob")
    assert [each.login for each in known.current().user] == ["ada", "bob"]
    file.write_text("[[user]]\nlogin = 1\n")
    assert [each.login for each in known.current().user] == ["ada", "bob"]
