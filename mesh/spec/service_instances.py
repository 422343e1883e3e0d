"""Registered instances of a service, as in AWS Cloud Map; the only kind that is not from App Mesh.

Names, limits and the meaning of ``AWS_…`` attributes are those of Cloud Map's ``RegisterInstance``.
"""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field, Strict

from mesh.spec.common import Spec, Text

IPV4: Final = "AWS_INSTANCE_IPV4"
IPV6: Final = "AWS_INSTANCE_IPV6"
PORT: Final = "AWS_INSTANCE_PORT"

AttributeValue = Annotated[str, Strict(), Field(max_length=1024)]


class ServiceInstance(Spec):
    """One instance: its id, and its attributes, which include its addresses."""

    attributes: Annotated[Mapping[Text, AttributeValue], Field(max_length=30)]
    id: Annotated[str, Strict(), Field(min_length=1, max_length=64)]

    def has(self, key: str, value: str) -> bool:
        """Return whether the instance has this attribute with this value."""
        return self.attributes.get(key) == value


class ServiceInstancesSpec(Spec):
    """All instances of a service; the list may be empty."""

    instances: Annotated[tuple[ServiceInstance, ...], Field(max_length=1000)]
