"""The start of an object that is too large to be loaded, by way of the git command."""

import os
import subprocess
from pathlib import Path


def commit_head(git_dir: Path, commit: str, most: int) -> bytes:
    """Return the first ``most`` bytes of a commit object; nothing when git cannot be run."""
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    command = ["git", f"--git-dir={git_dir}", "cat-file", "commit", commit]
    try:
        with subprocess.Popen(
            command,
            env={"PATH": os.defpath, **quiet},
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
