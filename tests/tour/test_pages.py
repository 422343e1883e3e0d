"""README.md and docs/ show the real output of commands, and every command is shown."""

import re

import pytest

from gitmesh.cli import exit_codes
from gitmesh.cli.program import COMMANDS
from tests.tour.shown import PAGES, TOP, Block, blocks, commands, settled, written

TEXTS = {name: (TOP / name).read_text() for name in PAGES}
SHOWING = [name for name, text in TEXTS.items() if commands(text)]


def _marks(name: str) -> list[pytest.MarkDecorator]:
    real = re.compile(r"^(envoy|gitmesh demo)\b")
    return [pytest.mark.envoy] if any(map(real.match, commands(TEXTS[name]))) else []


@pytest.mark.timeout(500)
@pytest.mark.parametrize("name", [pytest.param(name, marks=_marks(name)) for name in SHOWING])
def test_a_page_shows_what_its_commands_print(name: str) -> None:
    run = blocks(TEXTS[name])
    stale = [block.difference for block in run if block.stale]
    assert not stale, "write it anew: make golden\n" + "\n".join(stale)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_shown_with_what_it_prints(name: str) -> None:
    use = re.compile(rf"\bgitmesh {name}(?![\w-])")
    assert [page for page in SHOWING if any(map(use.search, commands(TEXTS[page])))]


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_pasted_by_hand(name: str) -> None:
    rest = re.sub(r"^(`{3,})console\n.*?^\1$", "", TEXTS[name], flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"^ *\$ .*", rest, re.MULTILINE) == []


@pytest.mark.parametrize("name", SHOWING)
def test_no_page_shows_a_fault(name: str) -> None:
    assert f"[exit code {exit_codes.INTERNAL}]" not in TEXTS[name]
    assert not re.search(r"Traceback|Exception ignored|command not found", TEXTS[name])


# ---- how pages are held to it ---------------------------------------------------------------

PAGE = """\
Said before.
<!-- Shown on: nothing{vary} -->
```console
$ mkdir here && cd here
$ echo one \\
    two
one two
$ pwd; false
here
[exit code 1]
```
said between
```console
$ pwd; date -u +%FT%TZ
{second}
```
said after
"""


def page(*, vary: str = "; times and ids vary", folder: str = "here", at: str = "0") -> str:
    return PAGE.format(vary=vary, second=f"{folder}\n2026-11-25T03:12:{at:>02}Z")


def test_a_shell_stays_where_it_is_and_tells_how_commands_end() -> None:
    run = blocks(page())
    assert [block.stale for block in run] == [False, False]
    assert written(page(), run) == page()


def test_a_block_that_shows_something_else_is_stale_and_the_page_is_written_anew() -> None:
    wrong = page(folder="there")
    run = blocks(wrong)
    assert [block.stale for block in run] == [False, True]
    anew = written(wrong, run)
    assert anew.startswith(page()[: page().index("2026-")])
    assert anew.endswith("Z\n```\nsaid after\n")
    assert "03:12:00" not in anew


def test_times_are_the_same_only_where_the_page_says_that_they_vary() -> None:
    assert [block.stale for block in blocks(page(vary=""))] == [False, True]


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("3/3 proxies in sync after 24 ms", "2/3 proxies in sync after 24 ms"),
        ("cart-v2 0 % → 10 %", "cart-v2 0 % → 20 %"),
        ("offered to 2 proxies at 2026-11-25T03:12:00Z", "offered to 2 proxies"),
        ("listens on 127.0.0.1:18000", "listens on 127.0.0.2:18000"),
        ("mesh 21", "mesh 22"),
        ("chain=mesh seq=2", "chain=mesh seq=3"),
    ],
)
def test_what_a_reader_cares_about_never_varies(before: str, now: str) -> None:
    assert settled(before) != settled(now)
    assert Block(0, 0, before, now, varies=True).stale


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("in sync after 9.4 ms", "in sync after 1,024 ms"),
        ("2026-11-25 03:12:00  a1b2c3d", "2026-11-26 13:12:00  0000000"),
        ("ipv4:127.0.0.1:50388#2  envoy 1.40.0", "ipv4:127.0.0.1:5038#12  envoy 1.41.0"),
        ("cart-v1 89.6 %", "cart-v1 100.0 %"),
        ("chain=delivery seq=2", "chain=delivery seq=3"),
        (
            "03:12:00Z INFO    ready commit=none\n03:12:00Z WARNING no commit\n",
            "03:12:01Z WARNING no commit\n03:12:02Z INFO    ready commit=none\n",
        ),
    ],
)
def test_times_ids_ports_versions_shares_and_the_order_of_a_servers_lines_vary(
    before: str, now: str
) -> None:
    assert settled(before) == settled(now)
