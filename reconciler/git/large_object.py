"""Read the start of an object that is too large to load, with the git command."""

import os
import subprocess
from pathlib import Path


def commit_head(git_dir: Path, commit: str, most: int, quarantine: Path | None = None) -> bytes:
    """Return the first ``most`` bytes of a commit object; nothing if git cannot be run.

    :param quarantine: directory with objects of a push that are not part of the repository yet.
    """
    command = ["git", "--no-replace-objects", f"--git-dir={git_dir}", "cat-file", "commit", commit]
    try:
        with subprocess.Popen(
            command,
            env=_environment(quarantine),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as git:
            if git.stdout is None:
                return b""
            head = git.stdout.read(most)
            git.kill()
            return head
    except OSError:
        return b""


def _environment(quarantine: Path | None) -> dict[str, str]:
    found = {
        "PATH": os.defpath,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
    }
    if quarantine is None:
        return found
    # In quotes, a colon does not separate folders.
    text = str(quarantine).replace("\\", "\\\\").replace('"', '\\"')
    return found | {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": f'"{text}"',
        # Git has already admitted the pusher, whoever owns the repository.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }
