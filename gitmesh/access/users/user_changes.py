"""Changes of a user file: each replaces the file as a whole, or changes nothing."""

import json
import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from gitmesh.access.credential_changes import NewCaller
from gitmesh.access.credential_file import require_outside_of_repositories
from gitmesh.access.file_replacement import alone, replace_file
from gitmesh.access.users.password import password_hash
from gitmesh.access.users.user import User, UserSet
from gitmesh.access.users.user_file import parse_users, read_users
from mesh.errors import UsageError

_TABLE: Final = re.compile(r"\s*\[")
_USER: Final = re.compile(r"\s*\[\[\s*user\s*\]\]")


def add_user(path: Path, login: str, person: NewCaller, password: str) -> User:
    """Add a user to a file, which is created if need be.

    :raises UsageError: the file is unusable, the login is taken, the role is not defined, a name is
        invalid, or the password is too short.
    """
    hashed = password_hash(password)
    try:
        made = User(
            login=login,
            password_hash=hashed,
            name=person.name,
            email=person.email,
            role=person.role,
            meshes=person.meshes,
            expires=person.expires,
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"{where}: {first['msg']}", hint="see --help") from None
    with alone(path):
        text, before = _content(path)
        if any(each.login == login for each in before.user):
            raise UsageError(
                f"{path} has a user {login!r} already",
                hint="to give them another password: gitmesh user remove "
                f"{shlex.quote(str(path))} {login}, then add",
            )
        _replace(path, _with(text, made), (*before.user, made))
    return made


def remove_user(path: Path, login: str) -> User:
    """Remove a user from a file; return them. Their sessions end at once.

    :raises UsageError: the file is unusable, or there is no such user.
    """
    with alone(path):
        before = read_users(path)
        found = next((each for each in before.user if each.login == login), None)
        if found is None:
            hint = f"gitmesh user list {shlex.quote(str(path))}"
            raise UsageError(f"{path} has no user {login!r}", hint=hint)
        text = _without(path.read_text("utf-8"), login)
        _replace(path, text, tuple(each for each in before.user if each != found))
    return found


def _content(path: Path) -> tuple[str, UserSet]:
    if not path.exists():
        require_outside_of_repositories(path)
        return "", UserSet()
    return path.read_text("utf-8"), read_users(path)


def _with(text: str, user: User) -> str:
    lines = ["[[user]]"]
    for name, value in user.model_dump(mode="json").items():
        if value is None or value == [] or value == ():
            continue
        shown = value if name == "expires" else json.dumps(value, ensure_ascii=False)
        lines.append(f"{name} = {shown}")
    separator = "" if not text.strip() else "\n" if text.endswith("\n") else "\n\n"
    return f"{text}{separator}" + "\n".join(lines) + "\n"


def _without(text: str, login: str) -> str:
    """Return the text without the table of a user; unchanged if the table is not found."""
    lines = text.splitlines(keepends=True)
    starts = [at for at, line in enumerate(lines) if _TABLE.match(line)]
    named = re.compile(r"\s*login\s*=\s*[\"']" + re.escape(login) + r"[\"']")
    for first, end in pairwise([*starts, len(lines)]):
        if _USER.match(lines[first]) and any(map(named.match, lines[first:end])):
            while end < len(lines) and lines[end - 1].lstrip().startswith("#"):
                end -= 1  # comments right above the next table belong to that
            return "".join(lines[:first] + lines[end:])
    return text


def _replace(path: Path, text: str, expected: tuple[User, ...]) -> None:
    found = parse_users(path, text.encode()).user
    if sorted(found, key=_login) != sorted(expected, key=_login):
        raise UsageError(
            f"{path} was not changed", hint="edit the file by hand: its layout is not the usual one"
        )
    replace_file(path, text)


def _login(user: User) -> str:
    return user.login
