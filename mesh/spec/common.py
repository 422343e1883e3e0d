"""Base of all spec models: strict scalar types, the base model, and the one-of model.

Shapes and limits are those of the App Mesh API, version 2019-01-25. A test compares each of them
with the service's own published model (``tests/mesh/spec/test_spec_shapes.py``).
"""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, Strict, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

# YAML has loose types ("8080" or 8080, yes or true), but the API does not. Every scalar is strict.
Text = Annotated[str, Strict()]
Whole = Annotated[int, Strict()]
Flag = Annotated[bool, Strict()]

Name = Annotated[str, Strict(), Field(min_length=1, max_length=255)]
"""Name of a resource. The API limits only its length."""
FilePath = Annotated[str, Strict(), Field(min_length=1, max_length=255)]
Port = Annotated[int, Strict(), Field(ge=1, le=65535)]
AtLeastOne = Annotated[int, Strict(), Field(ge=1)]
NotNegative = Annotated[int, Strict(), Field(ge=0)]

Protocol = Literal["http", "tcp", "http2", "grpc"]
GatewayProtocol = Literal["http", "http2", "grpc"]
IpPreference = Literal["IPv6_PREFERRED", "IPv4_PREFERRED", "IPv4_ONLY", "IPv6_ONLY"]


class Spec(BaseModel):
    """Part of a resource as the user wrote it: immutable, comparable, without unknown fields."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
    )


class OneOf(Spec):
    """An object with exactly one member; the API calls it a *union*."""

    __slots__ = ()
    choices: ClassVar[tuple[str, ...]] = ()
    """Fields of which exactly one must be set; if empty, all fields are choices."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        fields = type(self).model_fields
        names = self.choices or tuple(fields)
        present = [name for name in names if getattr(self, name) is not None]
        if len(present) != 1:
            wire = [fields[name].alias or name for name in names]
            raise PydanticCustomError(
                "one_of",
                "exactly one of {choices} must be set, found {found}",
                {
                    "choices": ", ".join(wire),
                    "found": ", ".join(fields[n].alias or n for n in present) or "none",
                },
            )
        return self


class Duration(Spec):
    """A length of time as App Mesh writes it: ``{value: 15, unit: s}``."""

    unit: Literal["s", "ms"] | None = None
    value: NotNegative | None = None


class PortMapping(Spec):
    """A port and its protocol."""

    port: Port
    protocol: Protocol


class GatewayPortMapping(Spec):
    """A port of a virtual gateway and its protocol, which cannot be TCP."""

    port: Port
    protocol: GatewayProtocol
