"""Names that other programs know and no type checker does: each is one that the program has.

gRPC, Envoy, git and SQLite take an option that they do not know for none at all, and say nothing.
"""

import json
import mmap
import re
import shutil
import sqlite3
import subprocess
from functools import cache
from pathlib import Path

import grpc._cython.cygrpc

from tests.support.envoy import find_envoy
from xds.bootstrap.grpc import grpc_bootstrap
from xds.bootstrap.tls import XdsTls
from xds.nodes import parse_identity
from xds.server.settings import AdsSettings
from xds.server.transport import transport_options

ROOT = Path(__file__).parent.parent
OURS = ("mesh", "events", "reconciler", "xds", "gitmesh")
ALL = (*OURS, "tests", "bench", "scripts")

_PART_OF_WORD = re.compile(rb"[A-Za-z0-9_.]")


@cache
def sources(*packages: str) -> tuple[tuple[str, str], ...]:
    """Return the path and the text of every module of these packages."""
    paths = [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]
    return tuple((str(path.relative_to(ROOT)), path.read_text()) for path in paths)


def quoted(pattern: str, *packages: str) -> dict[str, str]:
    """Return every string in the source that matches as a whole, and one place of each."""
    whole = re.compile(rf"""(?P<quote>["'])(?P<text>{pattern})(?P=quote)""")
    return {found["text"]: at for at, text in sources(*packages) for found in whole.finditer(text)}


def unknown(names: dict[str, str], program: Path) -> dict[str, str]:
    """Return the names that a program's file does not have, each to its end."""
    with program.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return {name: at for name, at in names.items() if not _has(data, name.encode())}


def _has(data: mmap.mmap, word: bytes) -> bool:
    # What stands before may be a number whose last byte looks like a letter.
    at = data.find(word)
    while at >= 0:
        if not _PART_OF_WORD.fullmatch(data[at + len(word) : at + len(word) + 1]):
            return True
        at = data.find(word, at + 1)
    return False


GRPC = Path(grpc._cython.cygrpc.__file__)


def test_grpc_knows_every_option_that_it_is_given() -> None:
    # The host names and files of tests begin so, too, but no value stands beside them.
    given = {
        found[1]: at
        for at, text in sources(*ALL)
        for found in re.finditer(r'\("(grpc\.[a-z0-9_.]+)", (?!"|\w+=)', text)
    }
    settings = AdsSettings(max_connection_age_s=1)
    assert {name for name, _ in transport_options(settings, 1)} <= given.keys()
    assert unknown(given, GRPC) == {}


def test_grpc_knows_every_variable_that_is_set_for_it_or_read_as_it_reads_it() -> None:
    given = quoted(r"GRPC_[A-Z0-9_]+", *ALL)
    assert "GRPC_XDS_BOOTSTRAP_CONFIG" in given
    assert unknown(given, GRPC) == {}


def test_grpc_knows_every_word_of_its_bootstrap() -> None:
    identity = parse_identity("mesh/shop/virtualNode/web", {})
    tls = XdsTls("xds.pem", "xds.key", "ca.pem")
    made = grpc_bootstrap(identity=identity, xds_address="127.0.0.1:1", tls=tls)
    del made["node"]  # A message of Envoy's.
    words = set(re.findall(r'"([a-z_][a-z0-9_]+)"', json.dumps(made)))
    assert {"channel_creds", "refresh_interval", "fail_on_data_errors"} <= words
    # Compilers put short words into longer ones; the one below is for libraries of before 2022.
    data = GRPC.read_bytes()
    assert {word for word in words if word.encode() not in data} <= {"xds_v3"}


def test_envoy_knows_every_name_that_is_no_type() -> None:
    # A runtime key or the name of an extension that Envoy does not know is no error to it.
    given = quoted(r"(?:envoy|re2)\.[a-z0-9_.]+", *OURS)
    assert "re2.max_program_size.error_level" in given
    del given["envoy.service"]  # A package, which others are in.
    assert unknown(given, Path(find_envoy())) == {}


def test_git_knows_every_variable_that_is_set_or_read() -> None:
    path = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True)
    program = Path(path.stdout.strip()) / "git"
    program = program if program.exists() else Path(str(shutil.which("git")))
    given = quoted(r"GIT_[A-Z0-9_]*[A-Z0-9]", *ALL)
    # Git reads GIT_CONFIG_KEY_0, GIT_CONFIG_KEY_1 and so on: it holds the name without the number.
    given = {re.sub(r"(?<=_)[0-9]+$", "", name): at for name, at in given.items()}
    assert {"GIT_QUARANTINE_PATH", "GIT_CONFIG_KEY_"} <= given.keys()
    beside = unknown(given, program.with_name("git-http-backend"))
    assert {name: at for name, at in unknown(given, program).items() if name in beside} == {}


def test_git_knows_every_key_of_a_configuration_that_is_written() -> None:
    listed = subprocess.run(["git", "help", "--config"], capture_output=True, text=True, check=True)
    known = {line.lower() for line in listed.stdout.splitlines()}
    sections = "core|receive|gc|user|init|safe|credential|fetch|protocol"
    keys = quoted(rf"(?:{sections})\.[a-zA-Z]+|http\.(?:ssl|low)[a-zA-Z]+", *OURS)
    assert {"receive.hideRefs", "http.sslCAPath", "fetch.fsckObjects"} <= keys.keys()
    assert {key: at for key, at in keys.items() if key.lower() not in known} == {}


def test_sqlite_knows_every_pragma() -> None:
    connection = sqlite3.connect(":memory:")
    known = {name for (name,) in connection.execute("PRAGMA pragma_list")}
    connection.close()
    used = {
        found[1].lower(): at
        for at, text in sources(*OURS)
        for found in re.finditer(r'"PRAGMA (\w+)', text)
    }
    assert "synchronous" in used
    assert {name: at for name, at in used.items() if name not in known} == {}
