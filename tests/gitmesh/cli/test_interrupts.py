"""A signal at any moment ends a command at once, with its exit code and without a traceback."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Final

import pytest

from gitmesh.cli import exit_codes
from tests.gitmesh.cli.test_every_command import ANSWERS
from tests.support.sample_shop import Shop

pytestmark = pytest.mark.timeout(600)  # many processes start, one after the other

INSTANTS: Final = 6
"""How many instants of each command are tried: from its first line to its end."""
CODES: Final = {
    signal.SIGINT: {exit_codes.INTERRUPTED, -signal.SIGINT},
    signal.SIGTERM: {exit_codes.TERMINATED, -signal.SIGTERM},
}
HEEDS: Final = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
"""
"""Makes a process heed Ctrl-C again where the tests run in the background of a shell."""
STARTED: Final = (
    HEEDS
    + """import sys, time
class Told:
    def find_spec(self, name, path=None, target=None):
        global left
        left -= 1
        if left == 0:
            import os, signal
            os.kill(os.getpid(), {signal})
        return None
left = {imports}
from gitmesh.__main__ import main
sys.argv[:] = ["gitmesh", *{arguments!r}]
sys.meta_path.insert(0, Told())
main()
"""
)
"""Runs a command, which gets a signal when it imports its n-th module."""
TELLING: Final = (
    HEEDS
    + """
from gitmesh.__main__ import main
print(flush=True)
main()
"""
)
"""Runs a command, and prints a line when it has begun."""


@pytest.fixture
def here(shop: Shop, tmp_path: Path) -> Path:
    shutil.copytree(shop.bare, tmp_path / "shop.git")
    return tmp_path / "shop.git"


def alternating(first: signal.Signals) -> Iterator[signal.Signals]:
    """Yield both signals by turns."""
    return cycle(sorted(CODES, key=lambda number: number != first))


def ended_quietly(ran: "subprocess.CompletedProcess[str]", number: signal.Signals) -> bool:
    """See that nothing but the signal, or the command itself, ended it; tell whether the signal."""
    for words in ("Traceback", "internal error", "Exception ignored", "Aborted"):
        assert words not in ran.stderr, ran.stderr
    if ran.returncode in CODES[number]:
        return True
    assert ran.returncode in (exit_codes.OK, exit_codes.PENDING), ran
    return False


@pytest.mark.parametrize(
    ("arguments", "first"),
    [
        (ANSWERS["validate"], signal.SIGINT),
        (ANSWERS["status"], signal.SIGTERM),
        (ANSWERS["init"], signal.SIGINT),
        (["demo"], signal.SIGTERM),
        (["serve", "--listen", "127.0.0.1:0"], signal.SIGINT),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else value.name,
)
def test_a_signal_while_modules_are_imported(
    here: Path, arguments: Sequence[str], first: signal.Signals
) -> None:
    shutil.copytree(Path(__file__).parents[3] / "sample-repo", here / "specs")
    ended = set()
    for imports, number in zip((1, 10, 60, 150, 300), alternating(first), strict=False):
        shutil.rmtree(here / "new.git", ignore_errors=True)  # what init made before the signal
        code = STARTED.format(imports=imports, signal=int(number), arguments=list(arguments))
        limit = ["timeout", "--signal=KILL", "60", sys.executable, "-c", code]
        ran = subprocess.run(limit, cwd=here, capture_output=True, text=True, check=False)
        if not ended_quietly(ran, number):
            break  # it imports no more than that
        ended.add(number)
    assert ended == CODES.keys()


@pytest.mark.parametrize(
    ("name", "first"), [("status", signal.SIGINT), ("rollback", signal.SIGTERM)]
)
def test_a_signal_at_any_time(here: Path, name: str, first: signal.Signals) -> None:
    command = [sys.executable, "-c", TELLING, *ANSWERS[name]]
    began = time.monotonic()
    subprocess.run(command, cwd=here, capture_output=True, check=False)
    whole = time.monotonic() - began
    for n, number in zip(range(INSTANTS), alternating(first), strict=False):
        with subprocess.Popen(
            command, cwd=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as running:
            assert running.stdout is not None
            running.stdout.readline()  # before, what is said is Python's own
            time.sleep(whole * n / INSTANTS)
            running.send_signal(number)
            out, err = running.communicate(timeout=60)
        ended_quietly(subprocess.CompletedProcess(command, running.returncode, out, err), number)


def test_an_interrupt_that_a_library_makes_something_else_of_is_one_all_the_same() -> None:
    code = """
import os, signal, sys
import gitmesh.service.specs.validation
from gitmesh.cli import program as cli
from gitmesh.cli.interrupts import INTERRUPTS
import gitmesh.cli.commands.repository.version as version
def wrapped(*args, **options):
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException as error:
        raise RuntimeError("Error calling __set_name__") from error
version.command.callback = wrapped
INTERRUPTS.watch()
cli.run(["version"])
"""
    ran = subprocess.run(
        [sys.executable, "-c", HEEDS + code], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (exit_codes.INTERRUPTED, "")


def test_a_closed_terminal_ends_a_command_in_order() -> None:
    code = """
import os, signal
from gitmesh.cli.interrupts import INTERRUPTS
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup may be around the tests
INTERRUPTS.watch()
try:
    os.kill(os.getpid(), signal.SIGHUP)
finally:
    print("cleaned up")
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (exit_codes.HUNG_UP, "cleaned up\n", "")


@pytest.mark.parametrize("stream", ["nullcontext", "captured"])
def test_a_signal_in_a_destructor_is_not_lost(stream: str) -> None:
    code = f"""
import os, signal, time
from contextlib import nullcontext
from gitmesh.server.error_stream import captured
from gitmesh.cli.interrupts import INTERRUPTS
class Left:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(1000):
            pass
INTERRUPTS.watch()
with {stream}():
    Left()
    time.sleep(30)
"""
    ran = subprocess.run(
        [sys.executable, "-c", HEEDS + code], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (exit_codes.TERMINATED, "")
