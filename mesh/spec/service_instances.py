"""Instances of a service, as AWS Cloud Map held them; the one kind that App Mesh did not have.

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
    """One instance: who it is, and everything known of it, its addresses included."""

    attributes: Annotated[Mapping[Text, AttributeValue], Field(max_length=30)]
    id: Annotated[str, Strict(), Field(min_length=1, max_length=64)]

    def has(self, key: str, value: str) -> bool:
        """Whether it carries this very attribute."""
        return self.attributes.get(key) == value


class ServiceInstancesSpec(Spec):
    """Every instance of a service. None at all is an answer, too: there is nobody."""

    instances: Annotated[tuple[ServiceInstance, ...], Field(max_length=1000)]
