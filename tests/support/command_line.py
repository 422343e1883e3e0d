"""Run the command line in this process, as a user would."""

import json
from dataclasses import dataclass
from typing import Any

from click.testing import CliRunner

from gitmesh.cli.program import program


@dataclass(frozen=True, slots=True)
class Ran:
    """Result of a command."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Return its output as JSON."""
        return json.loads(self.out)

    def json_lines(self) -> list[Any]:
        """Return each line of its output as JSON."""
        return [json.loads(line) for line in self.out.splitlines()]


def gitmesh(*arguments: object, **environment: str) -> Ran:
    """Run a command; errors end it with an exit code, as in a shell."""
    result = CliRunner().invoke(program, [str(a) for a in arguments], env={**environment})
    return Ran(result.exit_code, result.stdout, result.stderr)
