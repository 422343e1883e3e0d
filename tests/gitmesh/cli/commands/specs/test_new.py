"""``gitmesh new`` writes specs that validate and link, and lists what they need."""

import shlex
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitmesh.cli import exit_codes
from gitmesh.rendering.documents import document
from gitmesh.service.specs.new.commented import commented
from gitmesh.service.specs.new.starting_point import Wishes, starts
from gitmesh.service.specs.new.surroundings import KIND_OF
from mesh.keys import Kind
from mesh.parsing.document import read_documents
from mesh.reading.native import read_resources
from reconciler.directory import read_directory
from tests.support.command_line import Ran, gitmesh

WORDS = sorted(KIND_OF)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(folder: Path, *arguments: object) -> Ran:
    """Run ``gitmesh new`` into a file of the folder."""
    made = gitmesh("new", *arguments)
    assert made.code == 0, made.err
    (folder / f"{len(list(folder.iterdir()))}.yaml").write_text(made.out)
    return made


def problems(folder: Path) -> list[str]:
    return [f"{each.code}: {each.message}" for each in read_directory(folder).problems]


COMMANDS = [
    ["service", "cart.shop.internal"],
    ["service", "cart", "--protocol", "tcp", "--port", "5432"],
    ["service", "cart", "--protocol", "grpc"],
    ["service", "cart", "--node", "cart-v1"],
    ["service", "cart", "--router", "cart"],
    ["node", "cart-v1"],
    ["node", "web", "--backend", "cart.shop.internal", "--hostname", "web.internal"],
    ["router", "cart", "--protocol", "http2"],
    ["route", "all", "--router", "cart"],
    ["route", "canary", "--router", "cart", "--node", "a=90", "--node", "b=10"],
    ["route", "even", "--router", "cart", "--node", "a", "--node", "b", "--node", "c"],
    ["gateway", "entrance", "--port", "8443"],
    ["gateway-route", "all", "--gateway", "entrance", "--service", "cart.shop.internal"],
    [
        *("gateway-route", "rpc", "--gateway", "entrance", "--service", "cart"),
        *("--protocol", "grpc", "--hostname", "cart.example.com"),
    ],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_in_an_empty_mesh_it_links_once_what_it_says_that_it_needs_is_made(
    here: Path, command: list[str]
) -> None:
    make(here, "mesh", "shop")
    assert problems(here) == []
    to_make = [command]
    while to_make:
        made = gitmesh("new", *to_make.pop())
        if "exists already" in made.err:
            continue  # two of them needed it
        assert made.code == 0, made.err
        (here / f"{len(list(here.iterdir()))}.yaml").write_text(made.out)
        for line in made.err.splitlines():
            assert line.startswith("needs mesh/shop/"), line
            again = shlex.split(line.rpartition(": ")[2])
            assert again[:2] == ["gitmesh", "new"]
            to_make.append([*again[2:], *_protocol(command)])
    assert problems(here) == []


def _protocol(command: list[str]) -> list[str]:
    """Return the protocol that was asked for: what is made for it has the same."""
    if "--protocol" not in command:
        return []
    return ["--protocol", command[command.index("--protocol") + 1]]


@pytest.mark.parametrize("word", WORDS)
def test_every_kind_can_be_made_and_every_field_is_explained(here: Path, word: str) -> None:
    options: list[str] = [] if word == "mesh" else ["--mesh", "shop"]
    options += {
        "route": ["--router", "cart"],
        "gateway-route": ["--gateway", "entrance", "--service", "cart"],
    }.get(word, [])
    made = gitmesh("new", word, "cart", *options)
    assert made.code == 0, made.err
    found = read_resources("new.yaml", made.out.encode())
    assert found.problems == ()
    assert KIND_OF[word] in {resource.key.kind for resource in found.resources}
    lines = made.out.splitlines()
    for at, line in enumerate(lines):
        if line.startswith("  ") and not line.lstrip().startswith("#"):
            assert lines[at - 1].lstrip().startswith("#"), f"{line!r} is not explained"
    assert all(len(line) <= 100 for line in lines)
    (here / "new.yaml").write_text(made.out)
    formatted = gitmesh("fmt", "--check", "new.yaml")
    assert formatted.code == 0, formatted.out


def test_what_is_not_there_is_told_on_the_error_stream_and_to_programs(here: Path) -> None:
    told = gitmesh("new", "node", "cart", "--mesh", "shop")
    assert told.err == ("needs mesh/shop, which is not in the specs here: gitmesh new mesh shop\n")
    known = gitmesh("new", "node", "cart", "--mesh", "shop", "--json").json()
    assert known["resources"] == ["mesh/shop/virtualNode/cart"]
    assert known["needs"] == [{"resource": "mesh/shop", "command": "gitmesh new mesh shop"}]
    assert known["text"] == told.out


def test_the_mesh_the_router_and_the_protocol_are_taken_from_the_specs_here(here: Path) -> None:
    make(here, "mesh", "shop")
    make(here, "router", "cart", "--protocol", "http2")
    told = make(here, "route", "all")
    assert "meshName: shop\nvirtualRouterName: cart\n" in told.out
    assert "http2Route:" in told.out


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["node", "cart"], "which mesh? the specs here have none"),
        (["route", "all", "--mesh", "shop"], "which router? the specs here have none"),
        (["node", "cart", "--mesh", "m", "--router", "x"], "--router is not for a node"),
        (["mesh", "m", "--mesh", "x"], "--mesh is not for a mesh"),
        (["node", "cart", "--mesh", "m", "--port", "0"], "must be at least 1"),
        (["node", "", "--mesh", "m"], "a name has 1 to 255"),
        (["node", "x" * 256, "--mesh", "m"], "a name has 1 to 255"),
        (["gateway", "g", "--mesh", "m", "--protocol", "tcp"], "protocol"),
        (["route", "r", "--mesh", "m", "--router", "x", "--node", "a=b"], "is not a weight"),
        (["route", "r", "--mesh", "m", "--router", "x", "--node", "a=101"], "100"),
        (["pod", "x"], "'pod' is not one of"),
    ],
)
def test_what_nobody_could_push_is_not_written(command: list[str], words: str) -> None:
    told = gitmesh("new", *command)
    assert (told.code, told.out) == (exit_codes.USAGE, "")
    assert words in told.err


def test_a_resource_that_is_there_is_not_made_again(here: Path) -> None:
    make(here, "mesh", "shop")
    told = gitmesh("new", "mesh", "shop")
    assert (told.code, told.out) == (exit_codes.USAGE, "")
    assert "mesh/shop exists already, in 0.yaml" in told.err


def test_a_file_is_written_and_never_overwritten(here: Path) -> None:
    made = gitmesh("new", "mesh", "shop", "--to", "mesh.yaml")
    assert (made.code, made.out) == (0, "made mesh.yaml\n")
    before = (here / "mesh.yaml").read_text()
    again = gitmesh("new", "mesh", "other", "--to", "mesh.yaml")
    assert (again.code, (here / "mesh.yaml").read_text()) == (exit_codes.USAGE, before)
    assert gitmesh("new", "mesh", "other", "--to", "no/mesh.yaml").code == exit_codes.USAGE


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=40)


@settings(max_examples=50)
@given(NAMES, NAMES, NAMES, st.sampled_from(["http", "http2", "grpc"]))
def test_whatever_the_names_are_the_document_says_them(
    mesh: str, name: str, other: str, protocol: str
) -> None:
    wishes = Wishes(
        mesh, name, protocol=protocol, router=other, gateway=other, service=other, hostname=name
    )
    for kind in set(KIND_OF.values()) - {Kind.MESH}:
        for start in starts(kind, wishes):
            found = read_documents("new.yaml", commented(start.key, start.spec).encode())
            bodies = [each.body for each in found.documents]
            assert (bodies, found.problems) == ([document(start.key, start.spec)], ())
