"""``gitmesh import``: specs written for CloudFormation, Terraform or the AWS CLI → native files."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.options import examples, json_option
from gitmesh.cli.output import emit_json, problem_text
from gitmesh.rendering.amounts import count

if TYPE_CHECKING:
    from mesh.importing import Imported

_KINDS = (
    *("Mesh", "VirtualService", "VirtualNode", "VirtualRouter", "Route"),
    *("VirtualGateway", "GatewayRoute"),
)


def _pairs(
    ctx: click.Context, parameter: click.Parameter, texts: tuple[str, ...]
) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{text!r} is not Name=Value", ctx, parameter)
        pairs[name] = value
    return pairs


@click.command(
    "import",
    short_help="Turn CloudFormation, Terraform or CLI files into specs.",
    epilog=examples(
        "gitmesh import mesh.yaml --to shop --param MeshName=shop",
        "gitmesh import base.yaml services.yaml --to . --import-value prod:Mesh=shop",
        "terraform show -json > state.json && gitmesh import state.json --to .",
        "gitmesh import route.json --to . --mesh shop --parent cart --name all",
        "gitmesh import instances.json --to . --mesh shop --parent shop.local --name cart",
        "gitmesh import mesh.yaml --to . --dry-run --json | jq '.problems[].hint'",
    ),
)
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path)
)
@click.option(
    "--to",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder to write to.",
)
@click.option(
    "--param",
    "parameters",
    multiple=True,
    callback=_pairs,
    metavar="NAME=VALUE",
    help="A template's parameter, AWS::Region and the like, or what is known once a stack is made: "
    "LoadBalancer.DNSName.",
)
@click.option(
    "--import-value",
    "import_values",
    multiple=True,
    callback=_pairs,
    metavar="NAME=VALUE",
    help="What another stack exports under this name.",
)
@click.option("--mesh", default="", help="The mesh of documents that do not say theirs.")
@click.option("--kind", type=click.Choice(_KINDS), help="The kind of a spec that could be several.")
@click.option("--name", default="", help="The name of a document that has none.")
@click.option(
    "--parent",
    default="",
    help="The virtual router or gateway of a nameless route; the namespace of instances.",
)
@click.option("--force", is_flag=True, help="Replace files that are there and say otherwise.")
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would be written.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    files: tuple[Path, ...],
    folder: Path,
    parameters: dict[str, str],
    import_values: dict[str, str],
    mesh: str,
    kind: str | None,
    name: str,
    parent: str,
    force: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write native specs, one resource a file, from files written for other tools.

    Reads CloudFormation templates (YAML with short forms, or JSON), what terraform show -json
    prints of a state or a plan, what aws appmesh describe-… and aws servicediscovery list-instances
    print, and documents of App Mesh's own API, with or without names. A file may hold several, in a
    list or one behind the other. The form is told by the content. Nothing is guessed: what the
    files leave open is asked for by name, and a resource that depends on it is not written until it
    is said. Tags are left out; other resources of a template are passed over. Exits with 1 if
    something is wrong or left open.
    """
    from gitmesh.service.importer import read_all, write_all
    from mesh.importing import Answers
    from mesh.keys import Kind
    from mesh.problems.problem import errors

    chosen = Kind(kind) if kind else None
    answers = Answers(parameters, import_values, mesh, chosen, name, parent)
    imported = read_all(files, answers)
    written = write_all(imported.resources, folder, force=force, dry_run=dry_run)
    if as_json:
        emit_json(_as_json(imported, written, dry_run))
    else:
        _tell(imported, written, folder, dry_run)
    ctx.exit(exit_codes.REFUSED if errors(imported.problems) else exit_codes.OK)


def _as_json(imported: "Imported", written: list[str], dry_run: bool) -> dict[str, object]:
    from mesh.problems.problem import errors

    return {
        "ok": not errors(imported.problems),
        "dryRun": dry_run,
        "resources": [str(resource.key) for resource in imported.resources],
        "written": written,
        "passedOver": dict(imported.passed_over),
        "unusedParameters": list(imported.unused_parameters),
        "unusedImportValues": list(imported.unused_import_values),
        "problems": [problem.as_json() for problem in imported.problems],
    }


def _tell(imported: "Imported", written: list[str], folder: Path, dry_run: bool) -> None:
    from mesh.problems.problem import errors

    for problem in imported.problems:
        click.echo(problem_text(problem))
    for path in written:
        click.echo(f"{'would write' if dry_run else 'wrote'} {folder / path}")
    for unused in (*imported.unused_parameters, *imported.unused_import_values):
        click.echo(f"note: nothing asks for {unused}")
    if imported.passed_over:
        number = sum(imported.passed_over.values())
        kinds = ", ".join(imported.passed_over)
        click.echo(f"note: passed over {count(number, 'resource')} of other types: {kinds}")
    wrong = len(errors(imported.problems))
    warnings = len(imported.problems) - wrong
    summary = f"{count(len(imported.resources), 'resource')} in {count(len(written), 'file')}"
    marks = f"{count(wrong, 'error')}, {count(warnings, 'warning')}"
    click.secho(f"{summary}; {marks}" if imported.problems else summary, bold=True)
