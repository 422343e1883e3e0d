"""Generator of docs/cli.md from the help of all commands.

``python -m gitmesh.cli.reference_page > docs/cli.md``
"""

import sys

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.program import COMMANDS, program
from gitmesh.settings import PREFIX, Settings

WIDTH = 96

_HEAD = """\
# Command line

<!-- Written by `python -m gitmesh.cli.reference_page`; `make golden` writes it anew. -->

Every command takes `--help` and `--json`. What `--json` prints is stable: fields are added, never
renamed or removed ([which](json.md)). Errors go to the error stream, with a hint;
`gitmesh --debug` adds a traceback.
"""


def page() -> str:
    """Return the whole page."""
    root = program.context_class(
        program,
        info_name="gitmesh",
        terminal_width=WIDTH,
        color=False,
        **program.context_settings,
    )
    parts = [_HEAD, _exit_codes(), _environment(), "## gitmesh\n", _help(root)]
    for name in COMMANDS:
        command = program.get_command(root, name)
        if command is not None:
            context = command.context_class(command, parent=root, info_name=name)
            parts += [f"## gitmesh {name}\n", _help(context)]
            parts += _parts_of_group(context)
    return "\n".join(parts)


def _parts_of_group(context: click.Context) -> list[str]:
    if not isinstance(context.command, click.Group):
        return []
    parts = []
    for name, command in context.command.commands.items():
        inner = command.context_class(command, parent=context, info_name=name)
        parts += [f"### gitmesh {context.info_name} {name}\n", _help(inner)]
    return parts


def _help(context: click.Context) -> str:
    return f"```text\n{context.get_help()}\n```\n"


def _exit_codes() -> str:
    rows = [f"| {code} | {meaning} |" for code, meaning in exit_codes.MEANING.items()]
    return "\n".join(["| exit code | meaning |", "|---|---|", *rows, ""])


def _environment() -> str:
    fields = Settings.model_fields.items()
    rows = [f"| `{PREFIX}{name.upper()}` | `{field.default}` |" for name, field in fields]
    return "\n".join(
        [
            "Options go before the environment:",
            "",
            "| variable | default |",
            "|---|---|",
            *(row.replace("`None`", "").replace("``", "") for row in rows),
            "",
        ]
    )


if __name__ == "__main__":
    sys.stdout.write(page())
