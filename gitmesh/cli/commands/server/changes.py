"""Changes of resources on a server: the request, and the text of the answer."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitmesh.cli.output import emit_json, refuse
from gitmesh.rendering.amounts import count

if TYPE_CHECKING:
    from gitmesh.client.server_api import ServerApi
    from mesh.canonical import JsonObject
    from mesh.keys import ResourceKey
    from mesh.problems.problem import Problem

_STDIN = Path("-")
_WORDS = {
    "ResourceAdded": "created",
    "ResourceChanged": "configured",
    "TrafficShifted": "configured",
    "ResourceRemoved": "deleted",
}

files_option = click.option(
    "-f",
    "--filename",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A file, a folder of specs, or - for the standard input; may be repeated.",
)
message_option = click.option("-m", "--message", default="", help="The subject of the commit.")
dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Change nothing; show what the server would change."
)


def read_documents(
    files: tuple[Path, ...],
) -> "tuple[dict[ResourceKey, JsonObject], list[Problem]]":
    """Return the native documents in files, by resource, and the errors in them.

    :raises UsageError: a file cannot be read, or contains a document that only a repository may
        contain.
    """
    from gitmesh.service.specs.spec_files import read_bytes, spec_files
    from mesh.errors import UsageError
    from mesh.parsing.document import DEFAULT_LIMITS
    from mesh.problems.problem import errors
    from mesh.reading.native import native_document, read_resources
    from mesh.reading.tags import tags_of, written_tags

    found: dict[ResourceKey, JsonObject] = {}
    wrong: list[Problem] = []
    named = [path for path in files if path != _STDIN]
    texts = {str(path): read_bytes(path, DEFAULT_LIMITS.max_bytes) for path in spec_files(named)}
    if _STDIN in files:
        text = sys.stdin.buffer.read(DEFAULT_LIMITS.max_bytes + 1)
        texts["stdin.json" if text.lstrip()[:1] == b"{" else "stdin.yaml"] = text
    for path, text in texts.items():
        reading = read_resources(path, text)
        wrong += errors(reading.problems)
        if reading.manifests:
            raise UsageError(
                f"{path} is a Kubernetes manifest, which a server reads only from git",
                hint="commit it, and push",
            )
        for resource in reading.resources:
            document = native_document(resource)
            if tags := tags_of(path, text, resource.key):
                document["tags"] = written_tags(tags)
            if resource.key in found:
                raise UsageError(
                    f"{resource.key} is there twice", hint="remove one of the two documents"
                )
            found[resource.key] = document
    return found, wrong


def send(
    api: "ServerApi", body: "dict[str, Any]", named: "list[ResourceKey]", *, as_json: bool
) -> bool:
    """Send a change of resources and show the answer; return false if the mesh would have
    problems."""
    from gitmesh.client.server_api import ChangeRefused

    try:
        answer = api.post("/changes", body)
    except ChangeRefused as refused:
        if not as_json:
            click.echo(f"nothing was changed: {refused.message}", err=True)
        refuse(refused.problems, as_json=as_json)
        return False
    emit_json(answer) if as_json else _show(answer, named)
    return True


def _show(answer: dict[str, Any], named: "list[ResourceKey]") -> None:
    from gitmesh.safe_text import visible

    words = {each["subject"]: _WORDS.get(each["kind"]) for each in answer["changes"]}
    dry = " (dry run)" if answer["dryRun"] else ""
    for key in named:
        click.echo(visible(f"{key} {words.get(str(key)) or 'unchanged'}{dry}"))
    if not answer["changes"]:
        return
    radius = answer["blastRadius"]
    affected = [count(len(radius["services"]), "service"), count(len(radius["nodes"]), "node")]
    if radius["proxies"] is not None:
        affected.append(f"{radius['proxies']} connected proxies")
    commit = f"commit {answer['commit'][:7]}: " if answer["commit"] else "would affect "
    click.secho(f"{commit}{', '.join(affected)}", bold=True)
