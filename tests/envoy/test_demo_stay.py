"""``gitmesh demo --stay``: the commands that it prints work when pasted, and nothing is lost."""

import asyncio
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gitmesh.demo.screen import Screen
from gitmesh.demo.stage import set_stage
from gitmesh.demo.stay import stay_up
from tests.envoy.test_demo import processes_with

pytestmark = [pytest.mark.envoy, pytest.mark.slow, pytest.mark.timeout(300)]

PATIENCE_S = 120.0
BESIDE = str(Path(sys.executable).parent)
PLAIN_PATH = os.pathsep.join(p for p in os.environ["PATH"].split(os.pathsep) if p != BESIDE)
"""What a visitor has who installed nothing: `make demo` puts all it needs into .venv."""


class Stay:
    """A ``gitmesh demo --stay`` whose output is read as it comes."""

    def __init__(self, process: "subprocess.Popen[bytes]", said: Path) -> None:
        self.process = process
        self._said = said

    @property
    def said(self) -> str:
        return self._said.read_text()

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while text not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.1)

    def commands(self) -> list[str]:
        """Return the lines to paste: those between the step's title and the empty line."""
        part = re.search(r"play with it in another terminal\n\s*\n(.*?)\n\s*\n", self.said, re.S)
        assert part is not None, self.said
        return [line.strip() for line in part[1].splitlines()]


@contextmanager
def staying(folder: Path, mark: str) -> Iterator[Stay]:
    home = folder / "home"
    (folder / "tmp").mkdir()
    home.mkdir()
    environment = {"PATH": PLAIN_PATH, "HOME": str(home), "TMPDIR": str(folder / "tmp")}
    said = folder / "said"
    with said.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "gitmesh", "demo", "--stay"],
            stdout=file,
            stderr=file,
            cwd=folder,
            env={**environment, "DEMO_TEST_MARK": mark},
        )
    try:
        yield Stay(process, said)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def paste(lines: list[str], home: Path) -> str:
    """Type lines into a shell of somebody who has set up nothing."""
    done = subprocess.run(
        ["bash", "--norc", "--noprofile"],
        input="\n".join(lines),
        env={"PATH": PLAIN_PATH, "HOME": str(home), "LC_ALL": "C.UTF-8", "GIT_PAGER": "cat"},
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return done.stdout


def test_what_it_prints_works_when_pasted_and_what_is_changed_is_kept(tmp_path: Path) -> None:
    mark = f"stay-test-{os.getpid()}"
    with staying(tmp_path, mark) as demo:
        demo.wait_for("is removed at the end")
        assert re.search(r"The console, for a browser: http://127\.[\d.]+:\d+/\n", demo.said)
        found = paste(demo.commands(), tmp_path / "home")
        demo.process.send_signal(signal.SIGINT)
        assert demo.process.wait(60) == 130
        last = demo.said
    assert processes_with(mark) == []
    assert "command not found" not in found, found
    # A push is answered, as README shows, and so is the revert.
    assert "route cart/all: cart-v2 0 % → 30 %, cart-v1 100 % → 70 %" in found
    assert "route cart/all: cart-v1 70 % → 100 %, cart-v2 30 % → 0 %" in found
    assert found.count("proxies in sync after") == 2, found
    assert "fatal:" not in found
    assert '"node": "cart-v2"' in found
    [folder] = (tmp_path / "tmp").iterdir()
    assert sorted(os.listdir(folder)) == ["shop", "shop.git"]
    assert "kept, because you changed something there" in last
    assert str(folder / "shop") in last
    assert f"rm -rf {shlex.quote(str(folder))}" in last
    assert last.rstrip().endswith("stopped; nothing is left running")


def test_a_clone_in_which_nothing_was_changed_is_removed_with_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    async def scenario() -> None:
        async with set_stage(Screen(to_stderr=True)) as stage:
            staying = asyncio.create_task(stay_up(stage, Screen(to_stderr=True)))
            await asyncio.sleep(1)
            staying.cancel()
            await asyncio.gather(staying, return_exceptions=True)
            assert stage.folder.path.exists()

    asyncio.run(scenario())
    assert os.listdir(tmp_path) == []
    assert "nothing was changed in the clone" in capfd.readouterr().err
