"""Hypothesis strategies for resources, derived from the spec models.

Their types are correct: every field, limit and union. Rules beyond the types (a prefix begins with
a slash, a target exists) may be violated; valid meshes come from ``mesh_strategies``.
"""

import string
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from mesh.keys import Kind, ResourceKey
from mesh.parsing.placeholders import placeholder
from mesh.resource import Resource
from mesh.spec import SPEC_OF, ResourceSpec, Spec
from mesh.spec.common import OneOf

TRICKY = (
    *("no", "yes", "on", "y", "true", "True", "null", "~", "", " ", "NaN", ".inf", "-.inf", "<<"),
    *("0", "-0", "010", "0x1F", "0o17", "1_000", "1.5", "1e3", "+1", "12:30:45", "2026-01-01"),
    *("a: b", "- a", "#a", "a #b", "[a", "{a", "*a", "&a", "!a", "|", ">", "%a", "@a", "`a", "'"),
    *('"', "\\", "a\nb", "a\n\nb\n", "\ta", "a\t", " a ", "---", "...", "? a", ":", "a:", "=", "é"),
    *("\u0085", "\u2028", "\ufeff", "\U0001f600", "${X}", "{{ x }}", "9" * 19, "9" * 30),
)
"""Texts that YAML parsers may read as other types."""

_LIMIT = 2**63
_WORD = st.text(string.ascii_letters + string.digits + "-_./", min_size=1, max_size=20)
_ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
_PATTERN_ALPHABET = "".join(map(chr, range(ord("!"), ord("~") + 1)))

names = st.one_of(
    _WORD,
    st.sampled_from([text for text in TRICKY if text and text.isprintable()]),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=255),
).filter(lambda name: placeholder(name) is None)
"""Names of resources: App Mesh limits only their length; placeholders are not names."""


def resources(*kinds: Kind) -> st.SearchStrategy[Resource]:
    """Return resources of these kinds, or of any."""
    return st.sampled_from(kinds or tuple(Kind)).flatmap(_resources)


def _resources(kind: Kind) -> st.SearchStrategy[Resource]:
    return st.builds(Resource, keys(kind), specs(kind))


def keys(kind: Kind) -> st.SearchStrategy[ResourceKey]:
    """Return keys of a kind."""
    if kind is Kind.MESH:
        return names.map(ResourceKey.of_mesh)
    parents = names if kind.within else st.just("")
    return st.builds(ResourceKey.of, st.just(kind), names, names, parents)


def specs(kind: Kind) -> st.SearchStrategy[ResourceSpec]:
    """Return specs of a kind, each field of each part present or absent."""
    model = SPEC_OF[kind]
    return _bodies(model).map(lambda body: model.model_validate(body, by_alias=True))


def _bodies(model: type[Spec]) -> st.SearchStrategy[dict[str, Any]]:
    required: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    choices: list[st.SearchStrategy[dict[str, Any]]] = []
    chosen = model.choices or tuple(model.model_fields) if issubclass(model, OneOf) else ()
    for name, info in model.model_fields.items():
        wire = info.alias or name
        value = st.deferred(lambda info=info: _values(_annotated(info)))  # type: ignore[misc]
        if name in chosen:
            choices.append(st.fixed_dictionaries({wire: value}))
        elif info.is_required():
            required[wire] = value
        else:
            optional[wire] = value
    bodies = st.fixed_dictionaries(required, optional=optional)
    if not choices:
        return bodies
    return st.builds(lambda body, choice: body | choice, bodies, st.one_of(choices))


def _annotated(info: FieldInfo) -> Any:
    return Annotated[info.annotation, *info.metadata, ""]


def _values(annotation: Any) -> st.SearchStrategy[Any]:
    core, limits = _take_apart(annotation)
    if isinstance(core, type) and issubclass(core, Spec):
        return _bodies(core)
    if get_origin(core) is tuple:
        least = limits.get("min_length", 0)
        items = _values(get_args(core)[0])
        return st.lists(items, min_size=least, max_size=min(limits.get("max_length", 3), least + 2))
    if get_origin(core) is Mapping:
        keys, values = map(_values, get_args(core))
        return st.dictionaries(keys, values, max_size=3)
    if get_origin(core) is Literal:
        return st.sampled_from(get_args(core))
    if core is bool:
        return st.booleans()
    if core is int:
        return st.integers(limits.get("ge", -_LIMIT), limits.get("le", _LIMIT - 1))
    return _texts(limits)


def _texts(limits: dict[str, Any]) -> st.SearchStrategy[str]:
    least, most = limits.get("min_length", 0), limits.get("max_length", 300)
    if "pattern" in limits:
        return st.text(_PATTERN_ALPHABET, min_size=least, max_size=20)
    fitting = [text for text in TRICKY if least <= len(text) <= most]
    texts = _ANY_TEXT.filter(lambda text: least <= len(text) <= most)
    return st.one_of(_WORD, st.sampled_from(fitting), texts)


def _take_apart(annotation: Any) -> tuple[Any, dict[str, Any]]:
    core: Any = annotation
    limits: dict[str, Any] = {}
    while True:
        if get_origin(core) is Annotated:
            core, *notes = get_args(core)
            for note in notes:
                limits |= _limits(note)
        elif get_origin(core) in (Union, UnionType):
            core = next(part for part in get_args(core) if part is not NoneType)
        else:
            return core, limits


def _limits(note: Any) -> dict[str, Any]:
    if isinstance(note, FieldInfo):
        return {key: value for inner in note.metadata for key, value in _limits(inner).items()}
    keys = ("ge", "le", "min_length", "max_length", "pattern")
    return {key: getattr(note, key) for key in keys if getattr(note, key, None) is not None}
