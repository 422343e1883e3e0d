"""The temporary folder of a demo: removed at the end, except for files that the user changed in
it."""

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self


@dataclass(slots=True)
class DemoFolder:
    """A temporary folder, and the parts of it that stay when it is cleared."""

    path: Path
    _kept: set[Path] = field(default_factory=set)

    @classmethod
    def make(cls) -> Self:
        """Create a new folder."""
        return cls(Path(tempfile.mkdtemp(prefix="gitmesh-demo-")))

    def keep(self, *parts: Path) -> None:
        """Keep these files and folders directly below the folder."""
        self._kept.update(parts)

    def clear(self) -> None:
        """Remove everything that is not kept."""
        if not self._kept:
            shutil.rmtree(self.path, ignore_errors=True)
            return
        for each in self.path.iterdir():
            if each not in self._kept and each.is_dir():
                shutil.rmtree(each, ignore_errors=True)
            elif each not in self._kept:
                each.unlink(missing_ok=True)
