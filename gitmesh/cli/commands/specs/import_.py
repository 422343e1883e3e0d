"""``gitmesh import``: convert specs of other tools, or of an App Mesh API, to native files."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.options import examples, json_option
from gitmesh.cli.output import emit_json, problem_text
from gitmesh.rendering.amounts import count

if TYPE_CHECKING:
    from gitmesh.service.specs.importer import SpecImport

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
    short_help="Convert an App Mesh account, or files of other tools, to specs.",
    epilog=examples(
        "gitmesh import --from-api https://appmesh.eu-west-1.amazonaws.com --to .",
        "gitmesh import mesh.yaml --to shop --param MeshName=shop",
        "gitmesh import base.yaml services.yaml --to . --import-value prod:Mesh=shop",
        "terraform show -json > state.json && gitmesh import state.json --to .",
        "gitmesh import route.json --to . --mesh shop --parent cart --name all",
        "gitmesh import instances.json --to . --mesh shop --parent shop.local --name cart",
        "gitmesh import mesh.yaml --to . --dry-run --json | jq '.problems[].hint'",
    ),
)
@click.argument("files", nargs=-1, metavar="FILE...", type=click.Path(path_type=Path))
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder to write to. With --from-api, an argument may name it instead.",
)
@click.option(
    "--from-api",
    "endpoint",
    metavar="URL",
    help="Take all resources and tags from an App Mesh API, that of AWS or of gitmesh serve.",
)
@click.option(
    "--region",
    help="The region to sign calls for. Default: that of an AWS address, else AWS_REGION.",
)
@click.option(
    "--param",
    "parameters",
    multiple=True,
    callback=_pairs,
    metavar="NAME=VALUE",
    help="The value of a template parameter, of a pseudo parameter (AWS::Region), or of an "
    "attribute of a created resource (LoadBalancer.DNSName).",
)
@click.option(
    "--import-value",
    "import_values",
    multiple=True,
    callback=_pairs,
    metavar="NAME=VALUE",
    help="The value that another stack exports under this name.",
)
@click.option(
    "--mesh",
    default="",
    help="The mesh of documents that name none; with --from-api, the only mesh to take.",
)
@click.option(
    "--kind", type=click.Choice(_KINDS), help="The kind of a spec whose form fits several kinds."
)
@click.option("--name", default="", help="The name of a document without a name.")
@click.option(
    "--parent",
    default="",
    help="The virtual router or gateway of a route without a name, or the namespace of instances.",
)
@click.option("--force", is_flag=True, help="Overwrite existing files that differ.")
@click.option("--dry-run", is_flag=True, help="Write nothing; show what would be written.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    files: tuple[Path, ...],
    folder: Path | None,
    endpoint: str | None,
    region: str | None,
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
    """Convert specs of other tools to native specs, one resource per file.

    The command reads CloudFormation templates (YAML with short forms, or JSON), the output of
    terraform show -json for a state or a plan, the output of aws appmesh describe-… and aws
    servicediscovery list-instances, and documents of the App Mesh API, with or without names. It
    detects the format from the content. A file may contain several documents, in a list or one
    after the other.

    With --from-api the command reads every resource of an account, with its tags. It signs calls
    with the credentials in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or of
    the profile AWS_PROFILE. It sends only List and Describe calls.

    Nothing is guessed: if a value is missing in a file, the command reports the option that sets
    it, and does not write resources that depend on it. Tags in files are left out, and so are other
    resources of a template. Exits with 1 if there are problems or missing values.
    """
    from gitmesh.json_shapes.specs import import_shape
    from gitmesh.service.specs.importer import import_specs
    from mesh.importing import Answers
    from mesh.keys import Kind

    to = _folder(ctx, files, folder, from_api=endpoint is not None)
    if endpoint is not None:
        done = _from_api(endpoint, region, mesh, to, force=force, dry_run=dry_run)
    else:
        chosen = Kind(kind) if kind else None
        answers = Answers(parameters, import_values, mesh, chosen, name, parent)
        done = import_specs(files, answers, to, force=force, dry_run=dry_run)
    emit_json(import_shape(done)) if as_json else _show(done, to)
    ctx.exit(exit_codes.OK if done.ok else exit_codes.REFUSED)


def _folder(
    ctx: click.Context, files: tuple[Path, ...], folder: Path | None, *, from_api: bool
) -> Path:
    """Return the folder to write to.

    :raises click.UsageError: the folder is not given, or there is nothing to import.
    """
    if from_api and folder is None and len(files) == 1:
        return files[0]
    if from_api and files:
        raise click.UsageError("--from-api takes no files", ctx)
    if not from_api and not files:
        raise click.MissingParameter(ctx=ctx, param_hint="'FILE...'", param_type="argument")
    if folder is None:
        raise click.MissingParameter(ctx=ctx, param_hint="'--to'", param_type="option")
    return folder


def _from_api(
    url: str, region: str | None, mesh: str, folder: Path, *, force: bool, dry_run: bool
) -> "SpecImport":
    from gitmesh.cli.progress import progress_on_terminal
    from gitmesh.client.app_mesh import fetch
    from gitmesh.client.connecting import signed_endpoint
    from gitmesh.service.specs.importer import import_texts
    from mesh.importing import Answers

    with progress_on_terminal() as tell, signed_endpoint(url, region) as endpoint:
        found = fetch(endpoint, mesh, tell or (lambda *_: None))
    return import_texts(
        found.texts, Answers(), folder, tags=found.tags, force=force, dry_run=dry_run
    )


def _show(done: "SpecImport", folder: Path) -> None:
    from gitmesh.safe_text import visible
    from mesh.problems.problem import errors

    imported = done.imported
    for problem in imported.problems:
        click.echo(problem_text(problem))
    for path in done.written:
        click.echo(f"{'would write' if done.dry_run else 'wrote'} {folder / path}")
    for unused in (*imported.unused_parameters, *imported.unused_import_values):
        click.echo(f"note: nothing uses {unused}")
    if imported.passed_over:
        number = sum(imported.passed_over.values())
        kinds = ", ".join(imported.passed_over)
        click.echo(f"note: skipped {count(number, 'resource')} of other types: {kinds}")
    for path in done.refused:
        words = f"note: {path} itself is no spec, and a push with it would be refused: delete it"
        click.echo(visible(f"{words}, or list it under ignore in gitmesh.yaml"))
    wrong = len(errors(imported.problems))
    warnings = len(imported.problems) - wrong
    summary = f"{count(len(imported.resources), 'resource')} in {count(len(done.written), 'file')}"
    marks = f"{count(wrong, 'error')}, {count(warnings, 'warning')}"
    click.secho(f"{summary}; {marks}" if imported.problems else summary, bold=True)
