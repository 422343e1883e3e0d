"""``gitmesh explain``: the meaning of a field of a spec."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from gitmesh.cli.options import examples, json_option
from gitmesh.cli.output import emit_json, table

if TYPE_CHECKING:
    from mesh.keys import Kind
    from mesh.meaning import Field

WIDTH = 88


@click.command(
    "explain",
    short_help="Show what a field of a spec means.",
    epilog=examples(
        "gitmesh explain                            # the kinds",
        "gitmesh explain route",
        "gitmesh explain route.spec.httpRoute.match",
        "gitmesh explain node.listeners.timeout --recursive",
        "gitmesh explain gateway-route --json | jq '.fields[].path'",
    ),
)
@click.argument("what", required=False, metavar="[KIND[.FIELD...]]")
@click.option("--recursive", is_flag=True, help="Show all nested fields, without meanings.")
@json_option
def command(what: str | None, recursive: bool, as_json: bool) -> None:
    """Show a field's meaning, type, default and limits, and the fields inside it.

    KIND is a kind of resource, such as route, node, gateway-route or VirtualRouter. FIELD is the
    path of a field in the spec, such as spec.httpRoute.match; spec may be left out. Without KIND,
    the command lists all kinds.
    """
    from gitmesh.json_shapes.meanings import explanation_shape, kinds_shape
    from mesh.meaning import field_at, kind_of

    if what is None:
        emit_json(kinds_shape()) if as_json else _show_kinds()
        return
    word, _, path = what.partition(".")
    kind = kind_of(word)
    found = field_at(kind, path)
    if as_json:
        emit_json(explanation_shape(kind, found, recursive=recursive))
    else:
        click.echo("\n".join(_page(kind, found, recursive)))


def _show_kinds() -> None:
    from mesh.keys import Kind
    from mesh.meaning import root_of

    click.echo(table((kind.value, root_of(kind).meaning.text) for kind in Kind))
    click.echo("\nmore: gitmesh explain KIND; a document to start from: gitmesh new")


def _page(kind: "Kind", found: "Field", recursive: bool) -> Iterator[str]:
    from mesh.meaning import fields_of
    from mesh.parsing.identity import name_fields

    yield f"{click.style(kind.value, bold=True)}, named by {', '.join(name_fields(kind))}"
    yield f"{click.style(found.path, bold=True)}  {_kind_of_value(found)}"
    yield from _wrapped(found.meaning.text, "  ")
    yield from _facts(found, "  ")
    inner = list(fields_of(found))
    if not inner:
        return
    yield ""
    yield "Fields:"
    if recursive:
        yield from _tree(found, "  ")
        return
    for each in inner:
        yield f"  {click.style(each.name, bold=True)}  {_kind_of_value(each)}"
        yield from _wrapped(each.meaning.text, "      ")
        yield from _facts(each, "      ")


def _tree(parent: "Field", indent: str) -> Iterator[str]:
    from mesh.meaning import fields_of

    for each in fields_of(parent):
        yield f"{indent}{each.name}  {_kind_of_value(each)}"
        yield from _tree(each, f"{indent}  ")


def _kind_of_value(found: "Field") -> str:
    return click.style(f"<{found.type_name}>{' required' if found.required else ''}", dim=True)


def _facts(found: "Field", indent: str) -> Iterator[str]:
    if found.one_of:
        yield from _wrapped(f"exactly one of: {', '.join(found.one_of)}", indent)
    if found.choices:
        yield from _wrapped(f"one of: {', '.join(found.choices)}", indent)
    if found.limits:
        yield from _wrapped(f"limits: {', '.join(found.limits)}", indent)
    if found.meaning.default:
        yield from _wrapped(f"if left out: {found.meaning.default}", indent)


def _wrapped(text: str, indent: str) -> list[str]:
    import textwrap

    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent)
