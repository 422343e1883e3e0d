"""``gitmesh shift``: each change is a commit; a server makes the steps."""

from pathlib import Path

import pytest

from tests.support.command_line import Ran, gitmesh
from tests.support.git import Repo, git, put
from tests.support.sample_shop import sample_files
from tests.support.server import Server

ROUTE = "mesh/shop/virtualRouter/cart/route/all"


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    bare = Repo(tmp_path).origin
    put(bare, sample_files())
    return bare


def shift(bare: Path, *arguments: str) -> Ran:
    return gitmesh("shift", *arguments, "--repo", bare)


def weights(bare: Path) -> list[str]:
    shown = git(bare, "show", "main:shop/cart/routes.yaml").splitlines()
    return [each.strip() for each in shown if "weight:" in each][-2:]


def start(bare: Path, *options: str) -> Ran:
    return shift(bare, "start", "cart-v2", "--to", "cart-v2", "--route", ROUTE, *options)


def test_a_shift_is_started_held_resumed_and_aborted_by_commits(bare: Path) -> None:
    started = start(bare, "--success-rate", "99.5", "--latency", "500ms")
    assert started.code == 0, started.err
    assert started.out.endswith("starts shift cart-v2\n")
    assert start(bare).code == 2
    [told] = shift(bare, "status", "--json").json()["shifts"]
    assert (told["state"], told["step"], told["steps"]) == ("waiting", 0, [5, 25, 50, 100])
    assert (told["from"], told["next"]["share"], told["serverRuns"]) == ("cart-v1", 5, False)
    assert "no server runs" in shift(bare, "status", "cart-v2").out
    assert shift(bare, "hold", "cart-v2", "--reason", "lunch").code == 0
    assert "next: nothing, held: lunch" in shift(bare, "status", "cart-v2").out
    assert shift(bare, "resume", "cart-v2").code == 0
    assert "so already" in shift(bare, "resume", "cart-v2").out
    assert shift(bare, "abort", "cart-v2", "--reason", "INC-7", "--json").json()["commit"]
    assert git(bare, "log", "--format=%s", "-4", "main").splitlines() == [
        "Abort shift cart-v2: cart/all back to cart-v1",
        "Resume shift cart-v2",
        "Hold shift cart-v2",
        "Start shift cart-v2: cart-v1 to cart-v2",
    ]
    assert shift(bare, "hold", "cart-v2").code == 2
    assert "aborted" in shift(bare, "list").out
    assert start(bare).code == 0, "one that has ended may be started again"
    assert shift(bare, "promote", "cart-v2").code == 0
    assert weights(bare)[1].endswith("weight: 100}")


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--steps", "5,x"), 2, "no list of percents"),
        (("--steps", "5,50"), 1, "steps must grow and end in 100"),
        (("--interval", "soon"), 1, "such as 90s"),
        (("--from", "web"), 1, "weight: 0"),
    ],
)
def test_what_cannot_be_a_shift_is_refused(
    bare: Path, options: tuple[str, ...], code: int, words: str
) -> None:
    before = git(bare, "rev-parse", "main")
    refused = start(bare, *options)
    assert refused.code == code
    assert words in refused.err
    assert git(bare, "rev-parse", "main") == before


def test_an_unknown_shift_and_an_unknown_route_are_told(bare: Path) -> None:
    assert shift(bare, "status", "no").code == 2
    assert shift(bare, "list").out == "no shift\n"
    found = shift(bare, "start", "x", "--to", "cart-v2", "--route", ROUTE + "x")
    assert found.code == 2
    assert ROUTE in found.err


def test_servers_that_are_killed_make_each_step_once(bare: Path) -> None:
    assert start(bare, "--no-gates", "--interval", "1s", "--steps", "10,20,30,40,100").code == 0
    for after in (1, 2, 3):
        with Server(bare, name=f"serve{after}") as server:
            server.wait_for("shift: step")
            server.process.kill()
            server.process.wait()
    with Server(bare) as server:
        watched = shift(bare, "status", "cart-v2", "--watch")
        assert watched.code == 0, watched.err
        assert "shift cart-v2: promoted" in watched.out
        server.wait_for("shift: promoted")
    subjects = git(bare, "log", "--format=%s", "--reverse", "main").splitlines()[2:]
    assert [each.rpartition("(")[2] for each in subjects] == [f"{n}/5)" for n in range(1, 6)]
