"""Environment variables that git sets for a hook."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from gitmesh.environment import process_environment
from gitmesh.inbox.pusher import Pusher, pusher_of


@dataclass(frozen=True, slots=True)
class HookEnvironment:
    """Values of the environment that git sets for a hook."""

    quarantine: Path | None
    """Directory of the push's objects before the push is accepted."""
    pusher: Pusher

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the variables, by default from this process."""
        environment = process_environment() if environment is None else environment
        quarantine = environment.get("GIT_QUARANTINE_PATH")
        return cls(Path(quarantine) if quarantine else None, pusher_of(environment, os.getuid()))
