"""Run the gate where it is hardest: once for each Python, in a clean clone.

``python scripts/matrix.py [PYTHON…] [-- PYTEST ARGUMENTS…]``. Each run has all of this at once: a
path with a space and a letter that is not ASCII, an ordinary user (``nobody``, if root starts it),
a home that cannot be written, no nftables on the path, and ports 15000, 15001 and 18000 to 18100
taken on every address. Without a PYTHON, every Python of 3.11 or newer that is found here is used.
What is not committed is not tested. Standard library only.
"""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PORTS = (15000, 15001, *range(18000, 18101))
OLDEST = (3, 11)
_VERSION = "import sys; print(*sys.version_info[:3], sep='.')"


def main() -> int:
    """Run the gate with each Python; return 0 if all are green."""
    named, options = _split(sys.argv[1:])
    pythons = [_about(python) for python in named] if named else _found()
    results = {}
    with taken(PORTS):
        for version, executable in pythons:
            print(f"· Python {version}: {executable}", flush=True)
            started = time.monotonic()
            verdict = run(executable, options)
            results[version] = f"{verdict} ({time.monotonic() - started:.0f} s)"
            print(f"· Python {version}: {results[version]}", flush=True)
    for version, result in results.items():
        print(f"{version:<8} {result}")
    return int(any("RED" in result for result in results.values()) or not results)


def run(executable: Path, options: Sequence[str]) -> str:
    """Run the gate in a clean clone; return how it ended."""
    user = _ordinary_user()
    if not _is_runnable(executable, user):
        return "RED: the user nobody cannot run it; name one outside of private folders"
    with tempfile.TemporaryDirectory(prefix="m-") as folder:
        top = Path(folder)
        clone, home, temporary = top / "a clone, ä", top / "home", top / "t ä"
        _git("clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone))
        home.mkdir()
        temporary.mkdir()
        if user is not None:
            for each in (clone, temporary):
                _give(each, user)
        top.chmod(0o755)
        home.chmod(0o555)
        command = ["make", f"PYTHON={executable}", f"PYTHONS={executable}", "test"]
        done = subprocess.run(
            [*command, f"ARGS={' '.join(options)}"],
            cwd=clone,
            env=_environment(home, temporary),
            check=False,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
        return "green" if done.returncode == 0 else "RED"


@contextlib.contextmanager
def taken(ports: Sequence[int]) -> Iterator[None]:
    """Listen on ports of every address; what another program holds already is taken, too."""
    with contextlib.ExitStack() as stack:
        for port in ports:
            with contextlib.suppress(OSError):
                stack.enter_context(_listening(port))
        yield


def _listening(port: int) -> socket.socket:
    return socket.create_server(("0.0.0.0", port), backlog=1)  # noqa: S104 - that is the point


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    at = arguments.index("--") if "--" in arguments else len(arguments)
    return list(arguments[:at]), list(arguments[at + 1 :])


def _found() -> list[tuple[str, Path]]:
    """Return the newest Python of each minor version on the path and of pyenv."""
    names = [f"python3.{minor}" for minor in range(OLDEST[1], 20)]
    candidates = [found for name in names if (found := shutil.which(name))]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates += [str(path) for path in sorted(pyenv.glob("versions/3.*/bin/python"))]
    by_minor = {}
    for candidate in candidates:
        with contextlib.suppress(OSError, ValueError, subprocess.CalledProcessError):
            about = _about(candidate)
            if (minor := tuple(map(int, about[0].split(".")))[:2]) >= OLDEST:
                by_minor[minor] = about
    return [by_minor[minor] for minor in sorted(by_minor)]


def _about(python: str) -> tuple[str, Path]:
    command = [python, "-c", _VERSION]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return said.strip(), Path(shutil.which(python) or python).resolve()


def _ordinary_user() -> int | None:
    """Return whom the gate runs as, if not as whoever starts this."""
    return pwd.getpwnam("nobody").pw_uid if os.getuid() == 0 else None


def _is_runnable(executable: Path, user: int | None) -> bool:
    """Tell whether the user of the gate can run a Python: it may be in a private folder."""
    command = [str(executable), "-c", ""]
    try:
        return subprocess.run(command, check=False, user=user, capture_output=True).returncode == 0
    except OSError:
        return False


def _give(folder: Path, user: int) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user, user, follow_symlinks=False)


def _environment(home: Path, temporary: Path) -> dict[str, str]:
    """Return what the gate runs in: little of ours, and no folder on the path that has nft."""
    kept = ("LANG", "PIP_", "HTTP", "http", "NO_PROXY", "no_proxy", "SSL_CERT_FILE")
    path = [
        folder
        for folder in os.environ["PATH"].split(os.pathsep)
        if os.access(folder, os.X_OK) and not (Path(folder) / "nft").exists()
    ]
    return {
        **{name: value for name, value in os.environ.items() if name.startswith(kept)},
        "PATH": os.pathsep.join(path),
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "CI": "1",
    }


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True)


if __name__ == "__main__":
    sys.exit(main())
