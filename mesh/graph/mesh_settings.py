"""Settings in ``gitmesh.yaml`` that change the configuration of proxies.

They are part of what a commit applies, so the log holds them beside the resources.
"""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field

from mesh.canonical import JsonObject
from mesh.spec.common import Flag, OneOf, Spec
from mesh.spec.tls import FileCertificate, FileTrust, SdsSecret

_MOST: Final = 1000
_Arn = Annotated[str, Field(min_length=1, max_length=2048)]


class MappedCertificate(OneOf):
    """Replacement of an AWS Certificate Manager certificate, on every proxy that uses it."""

    file: FileCertificate | None = None
    sds: SdsSecret | None = None


class MappedTrust(OneOf):
    """Replacement of AWS Certificate Manager authorities."""

    file: FileTrust | None = None
    sds: SdsSecret | None = None


class MeshSettings(Spec):
    """Settings that change the configuration of proxies."""

    certificates: Annotated[Mapping[_Arn, MappedCertificate], Field(max_length=_MOST)] = {}
    """Replacements by certificate ARN."""
    authorities: Annotated[Mapping[_Arn, MappedTrust], Field(max_length=_MOST)] = {}
    """Replacements by authority ARN."""
    egress_to_aws: Flag = False
    """True if nodes in a mesh with ``DROP_ALL`` may call ``*.amazonaws.com`` on port 443.

    App Mesh always allowed it.
    """
    allow_dangling_references: Flag = False
    """True if specs may refer to what does not exist yet, so that resources come in any order.

    Such a reference is a warning. Until it resolves, the routes that need it answer 503.
    """

    def trust(self, arns: tuple[str, ...]) -> MappedTrust | None:
        """Return the common replacement of all these authorities, or None if they have no common
        one.

        A proxy trusts one file or one secret; it can contain several authorities.
        """
        found = [self.authorities.get(arn) for arn in arns]
        return found[0] if found and all(each == found[0] for each in found) else None


NO_SETTINGS: Final = MeshSettings()


def settings_json(settings: MeshSettings) -> JsonObject:
    """Return settings as the log stores them: only those that are set."""
    return settings.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def settings_from_json(settings: JsonObject) -> MeshSettings:
    """Return the settings from the form in which the log stores them."""
    return MeshSettings.model_validate(settings)
