"""Make ``.venv`` and install gitmesh in it; do nothing, at once, when that is done already.

``python3 scripts/venv.py [EXTRA]`` installs ``.[EXTRA]``. Standard library only, for it runs before
anything is installed. Debian ships Python without ``ensurepip`` unless python3-venv is there; this
then finds pip elsewhere, if need be at the package index that pip is configured for, so that no
root is needed.
"""

import argparse
import contextlib
import fcntl
import hashlib
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from pip_wheel import Failed, fetch_pip

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".gitmesh-installed"
CONTAINED_IN = {"demo": ("demo", "dev"), "dev": ("dev",)}
"""Installed extras that contain a wanted extra."""


def main() -> int:
    """Make sure that the environment is there; return the exit code."""
    parser = argparse.ArgumentParser(description="Make .venv and install gitmesh in it.")
    parser.add_argument("extra", nargs="?", default="dev", choices=sorted(CONTAINED_IN))
    parser.add_argument("--show-path", action="store_true", help="print how to find the commands")
    arguments = parser.parse_args()
    extra: str = arguments.extra
    try:
        if not is_done(extra):
            with alone():
                if not is_done(extra):  # another run may have done it while we waited
                    install(extra)
    except Failed as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    if arguments.show_path:
        say("gitmesh and envoy are in .venv; this line lets your shell find them:")
        print(f"export PATH={shlex.quote(str(PYTHON.parent))}:$PATH")
    return 0


def is_done(extra: str) -> bool:
    """Tell whether this extra was installed from the pyproject.toml, and in the place, of now."""
    if not (STAMP.exists() and PYTHON.exists()):
        return False
    return STAMP.read_text() in {stamp(known) for known in CONTAINED_IN[extra]}


def stamp(extra: str) -> str:
    """Return what the stamp file says once ``extra`` is installed. A venv that moved is broken."""
    digest = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    return f"{extra} {digest} {ROOT}\n"


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Wait until no other run of this script works in this clone, then keep others waiting."""
    handle = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def install(extra: str) -> None:
    """Make the environment if need be, then install gitmesh and what it needs."""
    started = time.monotonic()
    if not works():
        say(f"making .venv with Python {sys.version.split()[0]}")
        make_environment()
    STAMP.unlink(missing_ok=True)
    say(f"installing gitmesh and its dependencies [{extra}]; the first time takes a minute")
    pip("install", "--no-compile", "--editable", f".[{extra}]")
    compile_all()
    name_us_by_a_relative_path()
    STAMP.write_text(stamp(extra))
    say(f"installed in {time.monotonic() - started:.0f} s")


def compile_all() -> None:
    """Compile what was installed, on every processor; pip would do it on one.

    Some packages contain templates that are no Python. Nobody imports those.
    """
    site = [str(path) for path in VENV.glob("lib/python*/site-packages")]
    command = [str(PYTHON), "-m", "compileall", "-q", "-q", "-j", "0", *site]
    subprocess.run(command, check=False)


def name_us_by_a_relative_path() -> None:
    """Let the environment find this folder by a path of ASCII letters alone.

    Python before 3.13 reads what pip wrote there in the locale's encoding, and does not start at
    all with LC_ALL=C where the folder's own path has other letters: so do hooks that git runs.
    """
    for site in VENV.glob("lib/python*/site-packages"):
        for found in site.glob("*gitmesh*.pth"):
            lines = dict.fromkeys(found.read_text(encoding="utf-8").splitlines())
            found.write_text(
                "".join(
                    f"{os.path.relpath(ROOT, site) if line == str(ROOT) else line}\n"
                    for line in lines
                ),
                encoding="utf-8",
            )


def works() -> bool:
    """Tell whether there is an environment that can install things here."""
    if not PYTHON.exists() or (STAMP.exists() and not STAMP.read_text().endswith(f" {ROOT}\n")):
        return False
    probe = "import pip, sys; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([PYTHON, "-c", probe], capture_output=True, check=False).returncode == 0


def make_environment() -> None:
    """Make an environment with pip in it, without root, whatever Debian left out."""
    if venv().returncode == 0:
        return
    bare = venv("--without-pip")
    if bare.returncode:
        raise Failed(
            f"{sys.executable} cannot make a virtual environment:\n{bare.stdout}{bare.stderr}\n"
            "  hint: install python3-venv, or use another Python: make PYTHON=/path/to/python3.11"
        )
    say("this Python has no ensurepip; getting pip from the package index")
    with tempfile.TemporaryDirectory() as folder:
        wheel = fetch_pip(Path(folder))
        # A wheel is a zip that Python can run from: pip installs itself.
        itself = ["install", "--quiet", "--no-index", "--no-deps", str(wheel)]
        subprocess.run([str(PYTHON), f"{wheel}/pip", *itself], check=True)


def venv(*options: str) -> "subprocess.CompletedProcess[str]":
    """Run Python's own venv module."""
    command = [sys.executable, "-Im", "venv", "--clear", *options, str(VENV)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def pip(*arguments: str) -> None:
    """Run the environment's pip, with a sign of life; its words are shown only if it fails."""
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    last: deque[str] = deque(maxlen=30)
    live = sys.stderr.isatty()
    with subprocess.Popen(
        [*command, "--progress-bar", "off"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            last.append(line)
            if live and line.split(" ")[0] in ("Collecting", "Installing", "Building"):
                print(f"\r\x1b[K  {line.strip():.76}", end="", file=sys.stderr, flush=True)
    if live:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    if process.returncode:
        raise Failed(
            "pip could not install gitmesh:\n" + "".join(last) + "  hint: pip needs a package "
            "index; behind a mirror set PIP_INDEX_URL, behind a proxy HTTPS_PROXY"
        )


def say(text: str) -> None:
    """Say what goes on; on the error stream, so that a command's output stays clean."""
    print(f"· {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
