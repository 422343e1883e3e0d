"""What git tells a hook of a push by way of the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from gitmesh.environment import process_environment
from gitmesh.push.pusher import Pusher, pusher_of


@dataclass(frozen=True, slots=True)
class HookEnvironment:
    """What git tells a hook of a push."""

    quarantine: Path | None
    """Where the objects are that the push has brought, before it is let in."""
    pusher: Pusher

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read it; without an environment, from that of this process."""
        environment = process_environment() if environment is None else environment
        quarantine = environment.get("GIT_QUARANTINE_PATH")
        return cls(Path(quarantine) if quarantine else None, pusher_of(environment, os.getuid()))
