"""Requests and answers of the App Mesh API by botocore's service model."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import botocore.session
from hypothesis import strategies as st

MODEL: Final = botocore.session.get_session().get_service_model("appmesh")
OPERATIONS: Final = tuple(MODEL.operation_names)
_COMMON: Final = {"UnknownOperationException"}
_PLAIN: Final = st.sampled_from(["/", "/a", "/a/b.pem", "a.local", "b.local", "x"])
_TEXTS: Final = st.one_of(
    st.sampled_from(["/", "/a", "a", "http", "grpc", "*", "a.local", ".local", "1", "GET", "5xx"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
_NAMES: Final = {
    "meshName": ("shop", "fuzz", "a/b"),
    "virtualNodeName": ("new", "cart-v1", "ü/x y"),
    "virtualRouterName": ("new", "cart", "r?#%2f"),
    "routeName": ("new", "all", "..", "a b"),
    "virtualServiceName": ("new.shop.local", "cart.shop.internal", "a/b"),
    "virtualGatewayName": ("new", "front", "."),
    "gatewayRouteName": ("new", "é"),
}
_NAMES_OF_TARGETS: Final = {"virtualNode": "virtualNodeName"}


def requests(operation: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return the parameters of requests: correct by their shape, often about what exists."""
    made = _value(MODEL.operation_model(operation).input_shape, "")
    return made.filter(lambda parameters: is_sendable(operation, parameters))


def is_sendable(operation: str, parameters: Mapping[str, Any]) -> bool:
    """Tell whether HTTP clients send a request as it is: they take . and .. out of a path."""
    members = MODEL.operation_model(operation).input_shape.members
    in_path = [n for n, m in members.items() if m.serialization.get("location") == "uri"]
    return not any(parameters[name] in (".", "..") for name in in_path)


def _value(shape: Any, name: str) -> st.SearchStrategy[Any]:
    made: dict[str, Callable[[], st.SearchStrategy[Any]]] = {
        "structure": lambda: _structure(shape),
        "list": lambda: _list(shape),
        "string": lambda: _text(shape, name),
        "integer": lambda: _number(shape),
        "long": lambda: _number(shape),
        "boolean": st.booleans,
    }
    return made[shape.type_name]()


def _list(shape: Any) -> st.SearchStrategy[list[Any]]:
    least = shape.metadata.get("min", 0)
    most = min(shape.metadata.get("max", 3), least + 2)
    return st.lists(_value(shape.member, ""), min_size=least, max_size=most)


def _number(shape: Any) -> st.SearchStrategy[int]:
    least = shape.metadata.get("min", 0)
    return st.one_of(st.just(least), st.integers(least, shape.metadata.get("max", 2**31)))


def _structure(shape: Any) -> st.SearchStrategy[dict[str, Any]]:
    members = {name: _value(member, name) for name, member in shape.members.items()}
    if shape.is_tagged_union:
        return st.sampled_from(sorted(members)).flatmap(
            lambda name: st.fixed_dictionaries({name: members[name]})
        )
    required = {name: members[name] for name in shape.required_members}
    optional = {name: members[name] for name in members if name not in required}
    made = st.fixed_dictionaries(required, optional=optional)
    protocols = [name for name in optional if name.endswith("Route")]
    if protocols:  # exactly one, which the shape does not say
        rest = {name: optional[name] for name in optional if name not in protocols}
        one = st.sampled_from(protocols).flatmap(
            lambda name: st.fixed_dictionaries({name: members[name]}, optional=rest)
        )
        return _mostly(one, made)
    if "nextToken" in optional:
        first = {name: value for name, value in optional.items() if name != "nextToken"}
        return _mostly(st.fixed_dictionaries(required, optional=first), made)
    if optional:
        return st.one_of(st.fixed_dictionaries(required), made)
    return made


def _mostly(usual: st.SearchStrategy[Any], rare: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 9).flatmap(lambda roll: rare if roll == 9 else usual)


def _text(shape: Any, name: str) -> st.SearchStrategy[str]:
    known = _NAMES.get(_NAMES_OF_TARGETS.get(name, name))
    if known is not None:
        return _mostly(st.sampled_from([known[0], *known[:2], *known]), st.text(min_size=1))
    if name == "resourceArn":
        return _arns()
    if name == "meshOwner":
        return _mostly(st.just("123456789012"), st.from_regex(r"\A[0-9]{12}\Z"))
    if name in ("clientToken", "nextToken"):
        return st.from_regex(r"\A[A-Za-z0-9]{12}\Z")
    return _other_text(shape)


def _other_text(shape: Any) -> st.SearchStrategy[str]:
    if shape.enum:
        return st.sampled_from(shape.enum)
    if "pattern" in shape.metadata:
        return st.from_regex(rf"\A(?:{shape.metadata['pattern']})\Z").map(lambda t: t[:200])
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 300)
    return _mostly(_PLAIN, _TEXTS).map(lambda text: text[:most].ljust(least, "x"))


def _arns() -> st.SearchStrategy[str]:
    account = "arn:aws:appmesh:eu-west-1:123456789012:mesh/"
    rest = st.sampled_from(
        ["shop", "fuzz", "shop/virtualNode/cart-v1", "shop/virtualRouter/cart/route/all", "a/b/c"]
    )
    return _mostly(rest.map(lambda names: account + names), _TEXTS)


def is_declared(operation: str, error: str) -> bool:
    """Tell whether an operation may answer an error."""
    declared = {shape.name for shape in MODEL.operation_model(operation).error_shapes}
    return error in declared | _COMMON


def misfits(operation: str, body: Any) -> list[str]:
    """Return what in the body of an answer is not as its shape says; nothing if all is."""
    shape = MODEL.operation_model(operation).output_shape
    payload = shape.serialization.get("payload")
    return list(_misfits(shape.members[payload] if payload else shape, body, "$"))


_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "structure": (dict,), "list": (list,), "string": (str,), "boolean": (bool,),
    "integer": (int,), "long": (int,), "timestamp": (int, float),
}  # fmt: skip


def _misfits(shape: Any, value: Any, where: str) -> Iterator[str]:
    if type(value) not in _TYPES[shape.type_name]:
        yield f"{where} is {value!r}, not {shape.type_name}"
    elif shape.type_name == "structure":
        lacking = [name for name in shape.required_members if name not in value]
        yield from (f"{where}.{name} is missing" for name in lacking)
        for name, part in value.items():
            member = shape.members.get(name)
            there = f"{where}.{name}"
            yield from _misfits(member, part, there) if member else [f"{there} is unknown"]
    elif shape.type_name == "list":
        for at, part in enumerate(value):
            yield from _misfits(shape.member, part, f"{where}[{at}]")
    elif shape.type_name == "string":
        pattern = shape.metadata.get("pattern", "(?s:.*)")
        if (shape.enum and value not in shape.enum) or not re.fullmatch(pattern, value):
            yield f"{where} is {value!r}"
