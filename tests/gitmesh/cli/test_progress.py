"""Progress of long work is shown on a terminal, and erased at the end."""

import os
import pty
import subprocess
import sys
from pathlib import Path

from events.opening import open_for_writing
from tests.support.logs import SHORT_HISTORY, SOME_DELIVERY, fill


def on_a_terminal(*arguments: object) -> str:
    """Run a command whose output is a terminal, and return what that was sent."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "gitmesh", *map(str, arguments)]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as done:
        os.close(theirs)
        sent = b""
        try:
            while part := os.read(ours, 4096):
                sent += part
        except OSError:
            pass  # how Linux says that the other side is closed
        os.close(ours)
    assert done.returncode == 0, sent.decode()
    return sent.decode()


def shown(sent: str) -> list[str]:
    """Return the lines that stand on the terminal in the end."""
    lines = []
    for line in sent.replace("\r\n", "\n").split("\n"):
        screen = ""
        for written in line.split("\r"):
            text, erased, rest = written.partition("\x1b[K")
            screen = text + (rest if erased else screen[len(text) :])
        lines.append(screen)
    return lines


def test_progress_is_told_and_gone_before_the_verdict(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    log = open_for_writing(path)
    fill(log, SHORT_HISTORY, SOME_DELIVERY)
    log.close()
    sent = on_a_terminal("verify", "--log", path, "--no-git")
    assert "checking the mesh chain: 0 of 7 (0 %)" in sent
    assert shown(sent)[0].startswith("    mesh chain: 7 events, head ")
    copied = on_a_terminal("backup", tmp_path / "copy.db", "--log", path)
    assert "checking the mesh chain: 0 of 7 (0 %)" in copied
    assert shown(copied)[0].startswith(str(tmp_path / "copy.db"))
    assert "checking" not in on_a_terminal("verify", "--log", path, "--no-git", "--json")
